"""Decoding in threads; what a single file gives is in test_image_file."""

import threading
import time

import numpy as np
import pytest
from PIL import Image

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.samples import Reading
from lessup.samples import image_decoding as module
from lessup.samples.image_decoding import (
    Drawing,
    ImageFile,
    Progress,
    content_keys,
    decode_all,
    decode_file,
    in_threads,
)


def picture(path, height, width, channels=3):
    pixels = np.random.default_rng(height).integers(0, 256, (height, width, channels)).astype(np.uint8)
    Image.fromarray(pixels if channels > 1 else pixels[..., 0]).save(path)
    return pixels


def test_results_come_in_order_however_long_each_takes():
    def late(number):
        time.sleep(0.02 if number % 16 == 0 else 0)
        return number * number

    assert list(in_threads(late, range(100))) == [number * number for number in range(100)]
    assert list(in_threads(late, [])) == []


def test_few_results_wait_at_any_time():
    done, lock = [], threading.Lock()

    def work(number):
        with lock:
            done.append(number)
        return number

    results = in_threads(work, range(10_000))
    next(results)
    time.sleep(0.1)
    assert len(done) < 10_000
    results.close()


def test_an_error_that_is_no_damage_ends_the_work():
    with pytest.raises(ZeroDivisionError):
        list(in_threads(lambda number: 1 // number, [1, 0]))


def test_usable_and_damaged_files_come_in_the_order_asked_for(tmp_path):
    pixels = picture(tmp_path / "b.png", 6, 8)
    (tmp_path / "a.png").write_bytes(b"")
    found = list(decode_all(open_tree(tmp_path), [ImageFile("b.png"), ImageFile("a.png")], Reading()))
    assert np.array_equal(found[0].image.pixels, pixels)
    assert (found[0].reason, found[0].mask) == ("", None)
    assert (found[1].image, found[1].reason) == (None, "empty file")


def test_keys_are_known_without_decoding_and_tell_content_from_content(tmp_path, monkeypatch):
    for name, height in (("a.png", 6), ("same.png", 6), ("other.png", 7)):
        picture(tmp_path / name, height, 8)
    mask = Drawing("ab", lambda height, width: np.zeros((height, width), np.uint8))
    files = [ImageFile("a.png"), ImageFile("same.png"), ImageFile("other.png"), ImageFile("a.png", mask)]
    tree = open_tree(tmp_path)
    decoded = [outcome.key for outcome in decode_all(tree, files, Reading())]
    monkeypatch.setattr(module, "_image", lambda *_: pytest.fail("decoded"))
    assert list(content_keys(tree, files)) == decoded
    assert decoded[0] == decoded[1]
    assert len(set(decoded)) == 3


@pytest.mark.parametrize("drawn", [True, False])
def test_masks_shrink_with_their_image_by_nearest_pixels(drawn, tmp_path):
    picture(tmp_path / "a.png", 40, 60)
    whole = np.zeros((40, 60), np.uint8)
    whole[:, 30:] = 3
    Image.fromarray(whole).save(tmp_path / "mask.png")
    mask = Drawing("00", lambda height, width: whole[:height, :width]) if drawn else "mask.png"
    (found,) = decode_all(open_tree(tmp_path), [ImageFile("a.png", mask)], Reading(size=20))
    assert found.image.pixels.shape == (20, 30, 3)
    assert found.mask.shape == (20, 30)
    assert (found.mask[:, :15] == 0).all()
    assert (found.mask[:, 15:] == 3).all()


def test_mask_of_another_size_or_absent_says_so(tmp_path):
    picture(tmp_path / "a.png", 6, 8)
    Image.fromarray(np.zeros((6, 9), np.uint8)).save(tmp_path / "wide.png")
    files = [ImageFile("a.png", "wide.png"), ImageFile("a.png", "gone.png")]
    wide, gone = decode_all(open_tree(tmp_path), files, Reading())
    assert wide.reason == "mask of 9x6 pixels for an image of 8x6"
    assert gone.reason.startswith("mask gone.png: ")


@pytest.mark.parametrize(("colour", "channels"), [("auto", 3), ("rgb", 3), ("grey", 1)])
def test_one_file_is_decoded_as_those_of_a_set_are(colour, channels, tmp_path):
    picture(tmp_path / "a.png", 40, 60)
    reading = Reading(size=20, colour=colour)
    alone = decode_file(tmp_path / "a.png", reading)
    (among,) = decode_all(open_tree(tmp_path), [ImageFile("a.png")], reading)
    assert alone.pixels.shape == (20, 30, channels)
    assert np.array_equal(alone.pixels, among.image.pixels)


def test_one_file_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "a.jpg").write_text("<html>")
    with pytest.raises(DataError, match=r"a\.jpg: text, not an image"):
        decode_file(tmp_path / "a.jpg", Reading())
    with pytest.raises(DataError, match=r"gone\.jpg: No such file"):
        decode_file(tmp_path / "gone.jpg", Reading())


def test_progress_is_a_line_now_and_then_where_nobody_watches(monkeypatch, capsys):
    clock = iter(range(0, 1000, 4))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))
    with Progress("working", 30) as progress:
        for _ in range(30):
            progress.advance()
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("working: ")
    assert 2 <= len(lines) < 30
