"""COCO's JSON, on generated files and, where it is at hand, on COCO's own."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.data import source_of
from lessup.data.coco_json import Instance, drawn
from lessup.errors import DataError

CATEGORIES = [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}]
MINI = Path(__file__).parents[3] / "shared" / "data" / "coco-captions-mini.tar"


def annotation(image: int, category: int, box: list[float], **more) -> dict:
    left, top, width, height = box
    polygon = [left, top, left + width - 1, top, left + width - 1, top + height - 1, left, top + height - 1]
    return {
        "image_id": image,
        "category_id": category,
        "bbox": box,
        "segmentation": [polygon],
        "area": width * height,
        "iscrowd": 0,
        **more,
    }


def write(root: Path, part: str, images: list[str], annotations: list[dict], categories=CATEGORIES) -> None:
    (root / "annotations").mkdir(parents=True, exist_ok=True)
    (root / part).mkdir(exist_ok=True)
    for number, name in enumerate(images):
        Image.new("RGB", (30, 20), (40 * number, 0, len(part))).save(root / part / name)
    listed = [{"id": number, "file_name": name, "height": 20, "width": 30} for number, name in enumerate(images)]
    content = {"images": listed, "annotations": annotations, "categories": categories}
    (root / "annotations" / f"instances_{part}.json").write_text(json.dumps(content))


@pytest.fixture
def coco(tmp_path: Path) -> Path:
    write(tmp_path, "train2017", ["1.png", "2.png"], [annotation(0, 18, [2, 3, 10, 5]), annotation(0, 1, [4, 4, 3, 3])])
    write(tmp_path, "val2017", ["1.png"], [annotation(0, 1, [0, 0, 30, 20])])
    return tmp_path


def test_boxes_tags_and_parts_are_read_and_classes_follow_the_ids(coco):
    images = data.load(coco)
    assert images.classes == ("person", "dog")
    assert images.id.tolist() == ["train2017/1.png", "train2017/2.png", "val2017/1.png"]
    assert images.official.tolist() == ["train", "train", "test"]
    assert images.tags.tolist() == [[1, 1], [0, 0], [1, 0]]
    assert images.boxes[0].corners.tolist() == [[2, 3, 12, 8], [4, 4, 7, 7]]
    assert len(images.boxes[1].label) == 0


def test_masks_are_drawn_with_smaller_objects_above(coco):
    mask = data.load(coco).batch([0])["mask"][0]
    expected = np.zeros((20, 30), np.int64)
    expected[3:8, 2:12] = 2
    expected[4:7, 4:7] = 1
    assert np.array_equal(mask, expected)


def test_pixels_of_a_crowd_are_not_counted_and_its_box_is_difficult(tmp_path):
    runs = {"counts": [20 * 10, 20 * 5, 20 * 15], "size": [20, 30]}  # columns 10 to 14
    crowd = annotation(0, 1, [10, 0, 5, 20], iscrowd=1, segmentation=runs)
    write(tmp_path, "train2017", ["1.png"], [crowd])
    images = data.load(tmp_path)
    assert images.boxes[0].difficult.tolist() == [True]
    mask = images.batch([0])["mask"][0]
    assert (mask[:, 10:15] == -1).all()
    assert (mask[:, :10] == 0).all()
    assert images.official.tolist() == [""], "one file alone parts nothing"


def test_image_that_is_listed_but_missing_is_named(coco):
    (coco / "train2017" / "2.png").unlink()
    images = data.load(coco)
    assert len(images) == 2
    assert images.damage[0].name == "2.png"
    assert "not there" in images.damage[0].reason


def test_files_of_different_categories_are_refused(coco):
    write(coco, "test", ["9.png"], [], categories=[{"id": 1, "name": "cat"}])
    with pytest.raises(DataError, match="different categories"):
        data.load(coco)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("{", "no JSON"),
        ('{"images": []}', "lacks annotations, categories"),
        ('{"images": [{"id": "x"}], "annotations": [], "categories": []}', "not what COCO"),
    ],
)
def test_file_that_is_not_coco_is_refused(coco, content, reason):
    (coco / "annotations" / "instances_train2017.json").write_text(content)
    (coco / "annotations" / "instances_val2017.json").unlink()
    with pytest.raises(DataError, match=reason):
        data.load(coco)


@pytest.mark.parametrize("place", ["labels.json", "images/labels.json", "annotations/labels.json"])
def test_file_of_any_name_is_known_by_what_it_holds(coco, tmp_path, place):
    source = (coco / "annotations" / "instances_train2017.json").read_text()
    own = tmp_path / "own"
    (own / place).parent.mkdir(parents=True)
    (own / "images").mkdir(exist_ok=True)
    for name in ("1.png", "2.png"):
        (own / "images" / name).write_bytes((coco / "train2017" / name).read_bytes())
    (own / place).write_text(source)
    (own / "settings.json").write_text('{"images": []}')
    for path in (own, own / place):
        images = data.load(path)
        assert [name.removeprefix("images/") for name in images.id] == ["1.png", "2.png"]
        assert images.boxes[0].corners.tolist() == [[2, 3, 12, 8], [4, 4, 7, 7]]
        assert images.official.tolist() == ["", ""]


def test_file_of_another_name_is_left_alone_beside_a_table_or_where_its_images_are_not_there(coco, tmp_path):
    source = (coco / "annotations" / "instances_train2017.json").read_text()
    own = tmp_path / "own"
    (own / "cat").mkdir(parents=True)
    Image.new("RGB", (9, 9)).save(own / "cat" / "1.jpg")
    (own / "labels.json").write_text(source)
    assert source_of(own) == "image-folder"
    (own / "cat" / "1.png").write_bytes((coco / "train2017" / "1.png").read_bytes())
    (own / "tags.csv").write_text("image,tags\ncat/1.png,dog\n")
    assert source_of(own) == "image-table"


def test_folder_of_a_file_tells_its_part_and_its_images(coco, tmp_path):
    source = (coco / "annotations" / "instances_train2017.json").read_text()
    for number, part in enumerate(("train", "valid", "test")):
        (tmp_path / "own" / part).mkdir(parents=True)
        for name in ("1.png", "2.png"):
            Image.new("RGB", (30, 20), (number, 0, 7)).save(tmp_path / "own" / part / name)
        (tmp_path / "own" / part / "_annotations.coco.json").write_text(source)
    images = data.load(tmp_path / "own")
    assert dict(zip(images.id.tolist(), images.official.tolist(), strict=True)) == {
        **{f"train/{name}.png": "train" for name in (1, 2)},
        **{f"{part}/{name}.png": "test" for part in ("valid", "test") for name in (1, 2)},
    }


def test_drawing_needs_no_objects():
    assert not drawn([], 4, 5).any()
    assert drawn([Instance(0, (0, 0, 5, 4), ((0, 0, 4, 0, 4, 3, 0, 3),), None, False, 20)], 4, 5).all()


@pytest.mark.skipif(not MINI.is_file(), reason="coco-captions-mini.tar is not at hand")
def test_area_that_coco_gives_is_the_area_drawn(tmp_path):
    """On COCO's own polygons: pixels drawn for an object against the area in the file, over all larger objects."""
    import tarfile

    with tarfile.open(MINI) as archive:
        member = archive.extractfile("coco/annotations/instances_val2017.json")
        assert member is not None
        content = json.load(member)
    sizes = {image["id"]: (image["height"], image["width"]) for image in content["images"]}
    ratios = []
    for each in content["annotations"]:
        if not each["iscrowd"] and each["area"] > 500:
            polygons = tuple(tuple(part) for part in each["segmentation"])
            mask = drawn([Instance(0, (0, 0, 1, 1), polygons, None, False, 1)], *sizes[each["image_id"]])
            ratios.append(mask.sum() / each["area"])
    assert len(ratios) > 100
    assert abs(np.median(ratios) - 1) < 0.1, "the borders that Pillow draws are part of an object"
