import dataclasses

import numpy as np
import pytest
from PIL import Image

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Boxes, joined


@pytest.fixture
def photos(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "photos").mkdir()
    for number in range(4):
        pixels = np.random.default_rng(number).integers(0, 256, (40, 60, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / "photos" / f"{number}.png")
    return tmp_path / "photos"


def built(photos, entries, classes=("cat", "dog"), reading=None):
    return build_images(open_tree(photos), entries, reading or Reading(), classes=classes)


def test_what_is_known_of_an_image_stays_with_it_when_others_are_broken(photos):
    (photos / "1.png").write_bytes(b"")
    entries = [
        Entry(name=f"{number}.png", id=f"n{number}", label=number % 2, group="ab"[number // 2], official="train")
        for number in range(4)
    ]
    images = built(photos, entries)
    assert images.id.tolist() == ["n0", "n2", "n3"]
    assert images.label.tolist() == [0, 0, 1]
    assert images.group.tolist() == [0, 1, 1]
    assert images.official.tolist() == ["train"] * 3
    assert images.damage == (Damage("1.png", "empty file"),)
    assert np.array_equal(images.pixels[1], np.asarray(Image.open(photos / "2.png")))


def test_boxes_and_masks_are_reduced_with_their_images(photos):
    mask = np.zeros((40, 60), np.uint8)
    mask[10:20, 30:60] = 2
    Image.fromarray(mask).save(photos / "mask.png")
    corners = np.array([[30, 10, 60, 20]], np.float32)
    boxes = Boxes(corners, np.array([1]), np.array([True]))
    none = Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))
    entries = [Entry(name="0.png", boxes=boxes, mask="mask.png"), Entry(name="1.png", boxes=none)]
    images = built(photos, entries, reading=Reading(size=20))
    batch = images.batch([0, 1])
    assert images.keys == ("image", "extent", "label", "boxes", "mask")
    assert batch["extent"].tolist() == [[20, 30]] * 2
    assert batch["boxes"].tolist() == [[[15, 5, 30, 10]], [[0, 0, 0, 0]]]
    assert batch["box_label"].tolist() == [[1], [-1]]
    wanted = np.zeros((20, 30), int)
    wanted[5:10, 15:30] = 2
    assert np.array_equal(batch["mask"][0].numpy(), wanted)
    assert (batch["mask"][1] == -1).all()


def test_size_before_an_image_was_reduced_stays_with_it(photos):
    Image.new("RGB", (90, 30)).save(photos / "2.png")
    images = built(photos, [Entry(name=f"{number}.png") for number in range(4)], reading=Reading(size=20))
    assert images.pixels.extent.tolist() == [[20, 30], [20, 30], [20, 60], [20, 30]]
    assert images.original.tolist() == [[40, 60], [40, 60], [30, 90], [40, 60]]
    parts = [images.take(np.array([3, 2])), images.take(np.array([0]))]
    assert joined(parts).original.tolist() == [[40, 60], [30, 90], [40, 60]]


def test_tags_are_kept(photos):
    entries = [Entry(name=f"{n}.png", tags=np.array(tags, np.int8)) for n, tags in enumerate([[1, 0], [-1, 1]])]
    assert built(photos, entries).batch([1, 0])["tags"].tolist() == [[-1, 1], [1, 0]]


def test_fingerprint_follows_content_labels_and_boxes_but_not_the_place(photos):
    entries = [Entry(name=f"{number}.png", label=0) for number in range(4)]
    first = built(photos, entries).fingerprint
    assert built(photos.rename(photos.with_name("moved")), entries).fingerprint == first
    moved = photos.with_name("moved")
    changed = [dataclasses.replace(entries[0], label=1), *entries[1:]]
    boxes = Boxes(np.zeros((1, 4), np.float32), np.array([0]), np.array([False]))
    assert built(moved, changed).fingerprint != first
    assert built(moved, [dataclasses.replace(entry, boxes=boxes) for entry in entries]).fingerprint != first
    assert built(moved, entries, classes=("cat", "cow")).fingerprint != first
    assert built(moved, entries, reading=Reading(size=8)).fingerprint != first
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(moved / "2.png")
    assert built(moved, entries).fingerprint != first


def test_labels_may_be_corrected_without_decoding_again(photos, monkeypatch):
    from lessup.samples import image_cache

    built(photos, [Entry(name="0.png", label=0)])
    monkeypatch.setattr(image_cache, "decode_all", lambda *_: pytest.fail("decoded again"))
    assert built(photos, [Entry(name="0.png", label=1)]).label.tolist() == [1]


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "no images in"),
        ([Entry(name="0.png"), Entry(name="0.png")], "2 images are called '0.png'"),
        ([Entry(name="0.png", label=2)], "label 2 of 0.png is outside the 2 classes"),
    ],
)
def test_what_cannot_be_is_refused(photos, entries, message):
    with pytest.raises(DataError, match=message):
        built(photos, entries)
