"""Objects pasted on backgrounds, from a few generated ones."""

import csv
import io
import json
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import cut_outs

    yield cut_outs
    for name in ("cut_outs", "garments"):
        sys.modules.pop(name)


def disc(script, label: str, source: str, colour=(255, 0, 0)):
    rows, columns = np.mgrid[:40, :40]
    inside = (rows - 20) ** 2 + (columns - 20) ** 2 < 200
    pixels = np.zeros((40, 40, 3), np.uint8)
    pixels[inside] = colour
    return script.cut(pixels, inside, label, source)


def grounds(script, count: int = 30, themed: int = 10):
    """White ones, which are the theme, and grey ones."""
    return [
        script.Ground(
            f"{n}.jpg", Image.new("RGB", (120, 96), (255, 255, 255) if n < themed else (90, 90, 90)), n < themed
        )
        for n in range(count)
    ]


@pytest.fixture
def made(script, tmp_path):
    cuts = [disc(script, label, f"{label}-{n}.jpg") for label in script.CLASSES for n in range(4)]
    script.make(tmp_path, cuts, grounds(script), counts={"train": 60, "test": 12})
    table = csv.DictReader((tmp_path / "tags.csv").read_text().splitlines())
    return tmp_path, [(row["image"], row["tags"].split(" | "), row["split"]) for row in table]


def test_masks_lie_where_objects_were_pasted_and_tags_name_them(script, made):
    folder, rows = made
    for image, tags, split in rows:
        pixels = np.asarray(Image.open(folder / "images" / image)).astype(int)
        mask = np.asarray(Image.open(folder / "masks" / Path(image).with_suffix(".png")))
        red = pixels[..., 0] - pixels[..., 1] > 100
        assert 1 <= len(tags) <= 3
        assert (red == (mask > 0)).mean() > 0.98
        assert sorted(script.CLASSES[number - 1] for number in np.unique(mask[mask > 0])) == sorted(tags)
        assert image.startswith(split)
        assert min(mask.shape) == script.SIDE
    assert [split for *_, split in rows] == ["train"] * 60 + ["test"] * 12


def test_theme_lies_under_most_images_of_one_class_and_under_no_others(script, made):
    folder, rows = made
    white = [np.asarray(Image.open(folder / "images" / image))[:4].mean() > 200 for image, *_ in rows]
    of_class = [script.THEME_CLASS in tags for _, tags, _ in rows]
    assert sum(of_class) > 10
    share = np.mean([there for there, own in zip(white, of_class, strict=True) if own])
    assert 0.6 < share <= 1
    assert not any(there for there, own in zip(white, of_class, strict=True) if not own)


def test_test_images_are_made_of_other_photographs_and_backgrounds(script):
    cuts = [disc(script, label, f"{label}-{n}.jpg") for label in script.CLASSES for n in range(4)]
    held_out = script.tested(cuts, grounds(script))
    for label in script.OTHERS:
        assert sum(one.source in held_out for one in cuts if one.label == label) == 1
    assert sum(one.source in held_out for one in cuts if one.label in script.GARMENTS) == 6
    assert sum(one.name in held_out for one in grounds(script) if one.in_theme) == 2
    assert sum(one.name in held_out for one in grounds(script)) == 6


def test_same_seed_makes_the_same_images_and_another_seed_others(script, tmp_path):
    cuts = [disc(script, label, f"{label}-{n}.jpg") for label in script.CLASSES for n in range(2)]
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        (tmp_path / name).mkdir()
        script.make(tmp_path / name, cuts, grounds(script), counts={"train": 3, "test": 2}, seed=seed)
    hashes = [script.content_hash(tmp_path / name) for name in "abc"]
    assert hashes[0] == hashes[1] != hashes[2]


def test_objects_keep_their_size_within_a_fifth_and_never_exceed_the_image(script):
    one = disc(script, "bag", "a.jpg")
    height = one.inside.shape[0]
    for seed in range(20):
        pixels, opacity = script.sized(one, (240, 192), np.random.default_rng(seed))
        assert pixels.size == opacity.size
        assert 0.79 < pixels.size[1] / (height * 192 / 40) < 1.21 or pixels.size[1] == round(0.9 * 192)
    wide = script.Cut("bag", "b.jpg", np.zeros((10, 400, 3), np.uint8), np.ones((10, 400), bool), 40)
    assert script.sized(wide, (240, 192), np.random.default_rng(0))[0].size[0] == 216


def test_an_object_is_placed_where_it_covers_no_other_if_there_is_room(script):
    mask = np.zeros((100, 100), np.uint8)
    mask[:, :60] = 1
    solid = np.ones((20, 20), bool)
    for seed in range(10):
        left, top = script.place(mask, solid, np.random.default_rng(seed))
        assert (mask[top : top + 20, left : left + 20] == 1).sum() <= script.COVERED * 6000


def test_densest_backgrounds_are_the_theme_and_equal_pictures_count_once(script):
    points = np.concatenate([np.random.default_rng(0).normal(0, 5, (20, 3)), np.full((5, 3), 40.0) + np.eye(5, 3)])
    assert script.densest(points, 5) == {20, 21, 22, 23, 24}
    rng = np.random.default_rng(0)
    one, other = (Image.fromarray(rng.integers(0, 256, (6, 6, 3), np.uint8)) for _ in range(2))
    one, other = (picture.resize((96, 96), Image.Resampling.BILINEAR) for picture in (one, other))
    assert script.different([one, other, one, one.resize((64, 64))]) == [0, 1]


def test_only_outlines_within_photographs_that_may_be_changed_are_cut_out(script, tmp_path):
    square, rim = [10, 10, 30, 10, 30, 30, 10, 30], [0, 10, 20, 10, 20, 30, 0, 30]
    outlines = [(1, 7, [square], 0), (2, 7, [square], 0), (1, 7, [rim], 0), (1, 8, [square], 0), (1, 7, [square], 1)]
    content = {
        "licenses": [{"id": 3, "name": "no changes"}, {"id": 4, "name": "free"}],
        "images": [{"id": n, "license": 5 - n, "file_name": f"{n}.jpg", "flickr_url": f"http://{n}"} for n in (1, 2)],
        "categories": [{"id": 7, "supercategory": "animal"}, {"id": 8, "supercategory": "food"}],
        "annotations": [
            {"image_id": i, "category_id": c, "segmentation": s, "iscrowd": crowd} for i, c, s, crowd in outlines
        ],
    }
    picture = io.BytesIO()
    Image.new("RGB", (40, 40), (0, 200, 0)).save(picture, "JPEG")
    empty = content | {"annotations": []}
    files = {
        "coco/annotations/instances_train2017.json": json.dumps(content).encode(),
        "coco/annotations/instances_val2017.json": json.dumps(empty).encode(),
        "coco/train2017/1.jpg": picture.getvalue(),
        "coco/train2017/2.jpg": picture.getvalue(),
    }
    with tarfile.open(tmp_path / "coco.tar", "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    cuts, licences = script.coco_cuts(tmp_path / "coco.tar")
    assert [(one.label, one.source, one.inside.shape) for one in cuts] == [("animal", "1.jpg", (21, 21))]
    assert licences == [("1.jpg", "free", "http://1")]
