"""PASCAL VOC's layout, on generated files."""

import io
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.data import pascal_voc
from lessup.errors import DataError
from lessup.samples import Reading

OBJECT = (
    "<object><name>{name}</name><difficult>{difficult}</difficult>"
    "<bndbox><xmin>{box[0]}</xmin><ymin>{box[1]}</ymin><xmax>{box[2]}</xmax><ymax>{box[3]}</ymax></bndbox></object>"
)


def annotation(*objects: tuple[str, int, tuple[int, int, int, int]]) -> bytes:
    inner = "".join(OBJECT.format(name=name, difficult=difficult, box=box) for name, difficult, box in objects)
    return f"<annotation>{inner}</annotation>".encode()


def png(size: tuple[int, int], value: int, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, (value,) * 3 if mode == "RGB" else value).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def voc(tmp_path: Path) -> Path:
    """Three images of 40 x 20 pixels; the first has a mask, the last only a difficult object."""
    objects = {
        "000001": [("dog", 0, (1, 1, 40, 20)), ("cat", 1, (5, 3, 8, 6))],
        "000002": [("person", 0, (11, 1, 20, 20))],
        "000003": [("cat", 1, (1, 1, 2, 2))],
    }
    root = tmp_path / "VOCdevkit" / "VOC2007"
    for folder in ("JPEGImages", "Annotations", "ImageSets/Main", "SegmentationClass"):
        (root / folder).mkdir(parents=True)
    for number, (name, each) in enumerate(objects.items()):
        (root / "JPEGImages" / f"{name}.jpg").write_bytes(png((40, 20), 50 + 50 * number))
        (root / "Annotations" / f"{name}.xml").write_bytes(annotation(*each))
    (root / "SegmentationClass" / "000001.png").write_bytes(png((40, 20), 12, "L"))
    (root / "ImageSets" / "Main" / "trainval.txt").write_text("000001\n000003\n")
    (root / "ImageSets" / "Main" / "test.txt").write_text("000002\n")
    return root


def test_tags_boxes_masks_and_parts_are_read(voc):
    images = data.load(voc.parent)
    assert images.classes == tuple(pascal_voc.CLASSES)
    assert images.id.tolist() == ["000001", "000002", "000003"]
    assert images.official.tolist() == ["train", "test", "train"]
    dog, cat = images.classes.index("dog"), images.classes.index("cat")
    assert images.boxes[0].label.tolist() == [dog, cat]
    assert images.boxes[0].difficult.tolist() == [False, True]
    mask = images.batch([0, 1])["mask"]
    assert (mask[0] == 12).all(), "a dog's pixels are 1 + its class"
    assert (mask[1] == -1).all(), "without a mask no pixel counts"
    assert images.classes[12 - 1] == "dog"


def test_images_of_any_ending_are_found(voc):
    jpeg = voc / "JPEGImages"
    (jpeg / "000001.jpg").rename(jpeg / "000001.png")
    (jpeg / "000003.jpg").rename(jpeg / "000003.TIF")
    (jpeg / "000002.png").write_bytes(b"the other is taken")
    (jpeg / "000002.txt").write_text("no image")
    images = data.load(voc)
    assert images.id.tolist() == ["000001", "000002", "000003"]
    assert images.damage == ()
    (jpeg / "000001.png").unlink()
    assert data.load(voc).damage[0].name.endswith("JPEGImages/000001.jpg")


def test_lists_of_segmentation_part_a_set_without_others_and_none_part_nothing(voc):
    lists = voc / "ImageSets"
    (lists / "Main").rename(lists / "Segmentation")
    assert data.load(voc).official.tolist() == ["train", "test", "train"]
    shutil.rmtree(lists)
    images = data.load(voc)
    assert images.official.tolist() == ["", "", ""]
    assert (images.batch([0])["mask"] == 12).all()


def test_corners_count_from_nought_with_the_end_outside(voc):
    boxes = data.load(voc).boxes
    assert boxes[0].corners.tolist() == [[0, 0, 40, 20], [4, 2, 8, 6]]
    assert boxes[1].corners.tolist() == [[10, 0, 20, 20]]


def test_boxes_shrink_with_their_image(voc):
    assert data.load(voc, Reading(size=10)).boxes[1].corners.tolist() == [[5, 0, 10, 10]]


def test_class_of_which_all_objects_are_difficult_is_not_counted(voc):
    images = data.load(voc)
    tags = images.tags[:, [images.classes.index(name) for name in ("dog", "cat", "person")]]
    assert tags.tolist() == [[1, -1, 0], [0, 0, 1], [0, -1, 0]]


def test_without_an_annotated_test_part_val_is_tested(voc):
    lists = voc / "ImageSets" / "Main"
    (lists / "test.txt").write_text("999999\n")
    (lists / "train.txt").write_text("000001\n")
    (lists / "val.txt").write_text("000003\n")
    assert data.load(voc).official.tolist() == ["train", "", "test"]


def test_broken_annotation_is_named_and_the_others_are_used(voc):
    (voc / "Annotations" / "000002.xml").write_bytes(b"<annotation><object>")
    images = data.load(voc)
    assert len(images) == 2
    assert [(each.name.endswith("000002.xml"), each.skipped) for each in images.damage] == [(True, True)]


def test_two_years_at_once_are_refused_by_name(voc):
    other = voc.parent / "VOC2012"
    for folder in ("JPEGImages", "Annotations"):
        (other / folder).mkdir(parents=True)
    (other / "JPEGImages" / "2012_000001.jpg").write_bytes(png((4, 4), 0))
    with pytest.raises(DataError, match=r"several sets .*VOC2007/, .*VOC2012/"):
        data.load(voc.parent)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'<!DOCTYPE a [<!ENTITY b "c">]><annotation/>', "entities"),
        (b"no xml", "cannot be read"),
        (annotation(("dog", 0, (9, 1, 3, 5))), "has no inside"),
    ],
)
def test_hostile_or_senseless_annotation_is_refused(content, reason):
    with pytest.raises(DataError, match=reason):
        pascal_voc.parse(content)


def test_set_with_other_classes_lists_its_own(voc):
    (voc / "Annotations" / "000002.xml").write_bytes(annotation(("unicorn", 0, (1, 1, 4, 4))))
    assert data.load(voc).classes == ("cat", "dog", "unicorn")
    assert np.array_equal(data.load(voc).tags[1], [0, 0, 1])
