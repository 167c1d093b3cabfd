import os
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.samples import Reading
from lessup.samples import image_cache as cache
from lessup.samples.cache import FOLDER
from lessup.samples.image_cache import decodings
from lessup.samples.image_decoding import Drawing, ImageFile


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    for number in range(5):
        picture(tmp_path / "photos" / f"{number}.png", number)
    return tmp_path / "photos"


def picture(path, seed, channels=3, size=(6, 8), dtype=np.uint8):
    path.parent.mkdir(exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, np.iinfo(dtype).max, (*size, channels), dtype)
    Image.fromarray(pixels if channels > 1 else pixels[..., 0]).save(path)
    return pixels


def made(photos, reading=None, masks=None):
    tree = open_tree(photos)
    masks = masks or {}
    files = [ImageFile(name, masks.get(name, "")) for name in tree.names() if name.endswith("g")]
    return decodings(tree, files, reading or Reading())


def folders(photos):
    return sorted(path.name for path in (photos.parent / FOLDER).glob("*.images"))


@pytest.fixture
def never(monkeypatch):
    """Have decoding fail from now on."""

    def switch():
        monkeypatch.setattr(cache, "decode_all", lambda *_: pytest.fail("decoded again"))

    return switch


def test_pixels_come_back_from_the_cache_as_they_were_decoded(photos, never):
    first = made(photos)
    never()
    second = made(photos)
    assert first.key == second.key
    for number in range(5):
        wanted = np.asarray(Image.open(photos / f"{number}.png"))
        assert np.array_equal(first.pixels[number], wanted)
        assert np.array_equal(second.pixels[number], wanted)
    assert isinstance(second.pixels.flat, np.memmap)
    assert not second.pixels.flat.flags.writeable


def test_unchanged_files_are_not_read_again(photos, monkeypatch):
    key = made(photos).key
    monkeypatch.setattr(cache, "content_keys", lambda *_: pytest.fail("read again"))
    assert made(photos).key == key


def test_touched_or_moved_files_are_compared_and_not_decoded_again(photos, never):
    key = made(photos).key
    never()
    os.utime(photos / "1.png", ns=(1, 1))
    assert made(photos).key == key
    moved = photos.rename(photos.with_name("moved"))
    assert made(moved).key == key


def test_changed_file_is_decoded_anew_though_its_size_is_the_same(photos):
    before = made(photos)
    Image.fromarray(np.zeros((6, 8, 3), np.uint8)).save(photos / "plain.bmp")
    (photos / "plain.bmp").replace(photos / "1.png")
    after = made(photos)
    assert after.key != before.key
    assert (after.pixels[1] == 0).all()
    assert np.array_equal(after.pixels[2], before.pixels[2])


def test_other_readings_have_other_caches(photos):
    assert made(photos, Reading(size=4)).pixels[0].shape == (4, 5, 3)
    assert made(photos).pixels[0].shape == (6, 8, 3)
    assert made(photos, Reading(colour="grey")).pixels[0].shape == (6, 8, 1)
    assert len(folders(photos)) == 3


@pytest.mark.parametrize("name", ["pixels", "index.npz"])
def test_damaged_cache_is_built_anew_and_replaced(photos, never, name):
    key = made(photos).key
    damaged = photos.parent / FOLDER / folders(photos)[0] / name
    damaged.write_bytes(damaged.read_bytes()[:-7])
    again = made(photos)
    assert again.key == key
    assert np.array_equal(again.pixels[4], np.asarray(Image.open(photos / "4.png")))
    never()
    assert made(photos).key == key
    assert folders(photos) == [key + ".images"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"gone.images", b"\0"])
def test_damaged_stamp_costs_a_comparison_and_nothing_else(photos, never, content):
    key = made(photos).key
    (stamp,) = (photos.parent / FOLDER).glob("*.stamp")
    stamp.write_bytes(content)
    never()
    assert made(photos).key == key
    assert stamp.read_text() == f"{key}.images"


def test_broken_files_do_not_stop_the_others(photos):
    (photos / "1.png").write_bytes(b"")
    (photos / "3.png").write_text("hello")
    found = made(photos)
    assert found.usable.tolist() == [True, False, True, False, True]
    assert found.reason.tolist() == ["", "empty file", "", "text, not an image", ""]
    assert np.array_equal(found.pixels[4], np.asarray(Image.open(photos / "4.png")))


def test_nothing_but_broken_files_says_so_and_leaves_nothing(photos):
    for path in photos.iterdir():
        path.write_bytes(b"")
    with pytest.raises(DataError, match=r"none of the 5 images in .*photos can be used, such as 0.png: empty file"):
        made(photos)
    assert list((photos.parent / FOLDER).iterdir()) == []


def test_grey_among_colour_becomes_colour_and_is_marked(photos):
    grey = picture(photos / "0.png", 9, channels=1)
    found = made(photos)
    assert np.array_equal(found.pixels[0], grey.repeat(3, 2))
    assert np.array_equal(found.pixels[1], np.asarray(Image.open(photos / "1.png")))
    assert found.reason.tolist() == ["grey among colour images", "", "", "", ""]


def test_depth_is_that_of_most_images(photos):
    for number in range(5):
        picture(photos / f"{number}.png", number, channels=1, dtype=np.uint8 if number == 2 else np.uint16)
    found = made(photos)
    assert found.pixels.flat.dtype == np.uint16
    assert np.array_equal(found.pixels[2], 257 * np.asarray(Image.open(photos / "2.png"))[..., None].astype(int))
    assert found.reason[2] == "8 bits among images of 16"


def test_image_of_other_bands_is_not_used(photos):
    import tifffile

    tifffile.imwrite(photos / "9.tiffg", np.zeros((4, 4, 5), np.uint8), photometric="minisblack", planarconfig="contig")
    found = made(photos)
    assert found.usable.tolist() == [True] * 5 + [False]
    assert found.reason[5] == "5 channels where 3 are wanted"
    assert found.pixels.channels == 3


def test_masks_are_reduced_with_their_images_and_missing_ones_do_not_count(photos):
    for number in range(5):
        picture(photos / f"{number}.png", number, size=(8, 12))
    numbers = np.random.default_rng(0).integers(0, 3, (8, 12), np.uint8)
    Image.fromarray(numbers).save(photos / "mask.PNG")
    drawing = Drawing("ab", lambda height, width: np.full((height, width), 2, np.uint8))
    masks = {"1.png": "mask.PNG", "2.png": drawing, "3.png": "gone.PNG"}
    found = made(photos, Reading(size=4), masks)
    assert found.reason.tolist() == ["", "", "", "mask gone.PNG: no such file", ""]
    assert (found.masks[0] == 255).all()
    assert np.array_equal(found.masks[1][..., 0], numbers[1::2, 1::2])
    assert found.masks[2].shape == (4, 6, 1)
    assert (found.masks[2] == 2).all()


def test_another_drawing_or_mask_is_another_cache(photos):
    def drawn(value):
        drawing = Drawing(f"{value:02x}", lambda height, width: np.full((height, width), value, np.uint8))
        return made(photos, masks={"1.png": drawing})

    assert (drawn(1).masks[1] == 1).all()
    assert (drawn(2).masks[1] == 2).all()


def test_mask_of_another_size_is_said(photos):
    Image.fromarray(np.zeros((3, 3), np.uint8)).save(photos / "mask.PNG")
    assert made(photos, masks={"1.png": "mask.PNG"}).reason[1] == "mask of 3x3 pixels for an image of 8x6"


def test_unwritable_place_falls_back_to_the_user_cache(photos, tmp_path, never):
    (tmp_path / FOLDER).write_text("a file where the folder would be")
    key = made(photos).key
    assert (tmp_path / "home" / "lessup" / f"{key}.images").is_dir()
    never()
    assert made(photos).key == key


def test_folder_marked_read_only_is_left_alone(photos, tmp_path):
    tmp_path.chmod(0o555)
    try:
        key = made(photos).key
    finally:
        tmp_path.chmod(0o755)
    assert not (tmp_path / FOLDER).exists()
    assert (tmp_path / "home" / "lessup" / f"{key}.images").is_dir()


def test_nowhere_to_write_is_said(photos, tmp_path):
    (tmp_path / FOLDER).write_text("")
    (tmp_path / "home").write_text("")
    with pytest.raises(DataError, match="nowhere to keep its decoded images"):
        made(photos)


def test_leftovers_of_killed_processes_are_cleared(photos):
    made(photos)
    place = photos.parent / FOLDER
    for name in (".old.part", ".new.part"):
        (place / name).mkdir()
    os.utime(place / ".old.part", (1, 1))
    picture(photos / "1.png", 77)
    made(photos)
    assert [path.name for path in place.glob(".*.part")] == [".new.part"]


def test_error_in_a_thread_ends_the_work_and_leaves_nothing(photos, monkeypatch):
    from lessup.formats import image_file

    def broken(*_, **__):
        raise ZeroDivisionError("a mistake of ours")

    monkeypatch.setattr(image_file, "decode", broken)
    with pytest.raises(ZeroDivisionError):
        made(photos)
    assert list((photos.parent / FOLDER).iterdir()) == []


@pytest.mark.slow
def test_two_processes_that_build_at_once_both_get_whole_images(photos):
    program = f"""
import sys, time
from pathlib import Path
from lessup.formats.file_tree import open_tree
from lessup.samples import Reading
from lessup.samples import image_cache
from lessup.samples.image_decoding import ImageFile, decode_all

def slowly(*arguments):
    Path(sys.argv[1]).touch()
    while not all(Path(name).exists() for name in ("one", "two")):
        time.sleep(0.01)
    return decode_all(*arguments)

image_cache.decode_all = slowly
tree = open_tree(Path({str(photos)!r}))
made = image_cache.decodings(tree, [ImageFile(name) for name in tree.names()], Reading())
print(made.key, int(made.pixels.flat.astype(int).sum()))
"""
    runs = [
        subprocess.Popen([sys.executable, "-c", program, name], stdout=subprocess.PIPE, text=True, cwd=photos.parent)
        for name in ("one", "two")
    ]
    printed = [run.communicate(timeout=120)[0].split() for run in runs]
    total = sum(int(np.asarray(Image.open(path)).astype(int).sum()) for path in photos.iterdir())
    assert printed[0] == printed[1] == [made(photos).key, str(total)]
    assert len(folders(photos)) == 1
    assert not list((photos.parent / FOLDER).glob(".*.part"))


@pytest.mark.slow
def test_memory_stays_flat_while_many_images_are_decoded(photos):
    picture(photos / "large.png", 0, size=(1500, 1500))
    for number in range(60):
        shutil.copy(photos / "large.png", photos / f"large{number}.png")
    program = f"""
import resource
from pathlib import Path
from lessup import data
from lessup.samples import Reading
data.load({str(photos)!r}, Reading(size=16))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
data.load({str(photos)!r}, Reading(size=2000))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=300)
    assert float(run.stdout) < 400, run.stdout  # 66 images of 6.75 MB are 445 MB
