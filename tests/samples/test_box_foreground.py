"""Boxes of other classes become masks of one class, the foreground."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.errors import DataError, UsageError
from lessup.samples import Reading
from lessup.samples.box_foreground import box_foreground, foreground_mask
from lessup.samples.images import Boxes

CLASSES = ("bag", "cat", "dog")


@pytest.fixture(autouse=True)
def opencv():
    pytest.importorskip("cv2", reason="OpenCV is not installed")


def picture(centre, size=(60, 90), radius=14):
    """Return an image of a noisy disc on stripes, and where the disc is."""
    rows, columns = np.mgrid[: size[0], : size[1]]
    disc = (rows - centre[0]) ** 2 + (columns - centre[1]) ** 2 <= radius**2
    pixels = np.where(columns[..., None] // 6 % 2, [90, 140, 90], [60, 110, 160])
    pixels[disc] = [210, 60, 40]
    noise = np.random.default_rng(centre).normal(0, 6, pixels.shape)
    return (pixels + noise).clip(0, 255).astype(np.uint8), disc


CENTRES = [(30, 22), (28, 66), (31, 45), (29, 40), (30, 30), (30, 60)]
BOXES = {
    0: [("cat", [5, 13, 35, 35], 0)],
    1: [("dog", [49, 11, 35, 35], 0), ("cat", [0, 0, 20, 10], 1)],  # left, top, width, height; then whether a crowd
    2: [("cat", [28, 14, 35, 35], 0), ("bag", [2, 2, 9, 9], 0)],
    3: [],
    4: [("dog", [0, 0, 90, 60], 0)],
    5: [("dog", [300, 10, 20, 20], 0)],
}


@pytest.fixture(scope="module")
def boxed(tmp_path_factory):
    """Six images annotated in COCO's JSON."""
    folder = tmp_path_factory.mktemp("data") / "boxed"
    folder.mkdir()
    annotations = []
    for index, centre in enumerate(CENTRES):
        Image.fromarray(picture(centre)[0]).save(folder / f"{index}.png")
        for name, box, crowd in BOXES[index]:
            own = {"image_id": index, "category_id": CLASSES.index(name), "bbox": box, "iscrowd": crowd}
            annotations.append({"id": len(annotations), "area": box[2] * box[3], "segmentation": [], **own})
    content = {
        "images": [{"id": n, "file_name": f"{n}.png", "height": 60, "width": 90} for n in range(len(CENTRES))],
        "annotations": annotations,
        "categories": [{"id": n, "name": name} for n, name in enumerate(CLASSES)],
    }
    (folder / "_annotations.coco.json").write_text(json.dumps(content))
    return folder


def test_boxes_become_masks_of_one_class_and_what_says_nothing_is_named(boxed):
    images = data.load(boxed, Reading(masks="boxes", without=("bag",)))
    assert images.id.tolist() == ["0.png", "1.png"]
    assert images.classes == ("object",)
    assert images.keys == ("image", "extent", "label", "mask")
    assert (images.label == -1).all()
    for index in range(2):
        mask, disc = images.masks[index][..., 0], picture(CENTRES[index])[1]
        assert ((mask == 1) & disc).sum() / ((mask == 1) | disc).sum() > 0.95
    assert {one.name: one.reason for one in images.damage} == {
        "2.png": "shows 'bag', which is left out",
        "3.png": "has no box",
        "4.png": "is all box: nothing of it is background",
        "5.png": "has no box within it",
    }


def test_crowds_are_not_counted_but_where_an_object_is(boxed):
    mask = data.load(boxed, Reading(masks="boxes", without=("bag",))).masks[1][..., 0]
    assert (mask[:10, :20] == 255).all()
    assert set(np.unique(mask[10:])) == {0, 1}
    pixels, disc = picture(CENTRES[0])
    corners = np.array([[5, 13, 40, 48], [0, 0, 90, 60]], np.float32)
    both = foreground_mask(pixels, Boxes(corners, np.array([0, 0]), np.array([False, True])))
    assert ((both == 1) & disc).sum() / ((both == 1) | disc).sum() > 0.95
    assert (both[both != 1] == 255).all()


def test_no_class_need_be_left_out(boxed):
    assert len(data.load(boxed, Reading(masks="boxes"))) == 3


def test_masks_are_kept_and_other_boxes_make_others(boxed):
    kept = {file: file.stat().st_mtime_ns for file in boxed.parent.rglob("*.foreground")}
    again = data.load(boxed, Reading(masks="boxes", without=("bag",)))
    assert {file: file.stat().st_mtime_ns for file in boxed.parent.rglob("*.foreground")} == kept
    images = data.load(boxed)
    moved = tuple(replace(one, corners=one.corners + np.float32(1)) for one in images.boxes)
    other = box_foreground(replace(images, boxes=moved, fingerprint="moved"), boxed, without=("bag",))
    assert other.fingerprint != again.fingerprint
    assert len({*boxed.parent.rglob("*.foreground")}) == len(kept) + 1


def test_label_or_tag_of_a_class_that_is_left_out_counts_as_its_box(boxed):
    images = data.load(boxed)
    assert images.tags is not None
    tags = np.zeros_like(images.tags)
    tags[1, 0] = 1
    assert box_foreground(replace(images, tags=tags), boxed, without=("bag",)).id.tolist() == ["0.png"]
    named = replace(images, tags=None, label=np.array([0, -1, -1, -1, -1, -1]))
    assert box_foreground(named, boxed, without=("bag",)).id.tolist() == ["1.png"]


def test_sixteen_bits_and_further_channels_are_looked_at_as_colours():
    pixels, _ = picture(CENTRES[0])
    boxes = Boxes(np.array([[5, 13, 40, 48]], np.float32), np.array([0]), np.array([False]))
    more = np.concatenate([pixels, np.zeros_like(pixels)], 2)
    assert (foreground_mask(more, boxes) == foreground_mask(pixels, boxes)).all()


def test_what_cannot_be_is_refused(boxed):
    with pytest.raises(UsageError, match="no class 'bags' to be left out: did you mean 'bag'"):
        data.load(boxed, Reading(masks="boxes", without=("bags",)))
    with pytest.raises(UsageError, match="pass --masks boxes"):
        data.load(boxed, Reading(without=("bag",)))
    with pytest.raises(DataError, match=r"no box of .* says what stands out: 0.png, say, shows 'cat'"):
        data.load(boxed, Reading(masks="boxes", without=CLASSES))
    with pytest.raises(UsageError, match="images with boxes"):
        data.load("furniture", Reading(masks="boxes"))
    images = replace(data.load(boxed), boxes=None)
    with pytest.raises(DataError, match="has no boxes to make masks of"):
        box_foreground(images, boxed)
