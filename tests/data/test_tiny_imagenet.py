import tarfile

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.errors import DataError
from lessup.samples import Damage, Reading

WORDS = "n03\tcrane, bird\nn01\tgoldfish, Carassius auratus\nn02\tcrane\nn99\tnever used\n"


def pixels_of(seed):
    return np.random.default_rng(seed).integers(0, 256, (64, 64, 3), np.uint8)


@pytest.fixture
def top(tmp_path, monkeypatch):
    """Write three classes with two training images and one validation image each, in the original layout."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    top = tmp_path / "tiny-imagenet-200"
    (top / "val" / "images").mkdir(parents=True)
    (top / "test" / "images").mkdir(parents=True)
    Image.fromarray(pixels_of(99)).save(top / "test" / "images" / "test_0.JPEG")
    (top / "wnids.txt").write_text("n02\nn03\nn01\n")
    (top / "words.txt").write_text(WORDS)
    val = []
    for seed, number in enumerate(("n01", "n02", "n03")):
        images = top / "train" / number / "images"
        images.mkdir(parents=True)
        rows = []
        for which in range(2):
            Image.fromarray(pixels_of(10 * seed + which)).save(images / f"{number}_{which}.JPEG", "PNG")
            rows.append(f"{number}_{which}.JPEG\t{which}\t0\t63\t{20 + seed}")
        (top / "train" / number / f"{number}_boxes.txt").write_text("\n".join(rows) + "\n")
        Image.fromarray(pixels_of(50 + seed)).save(top / "val" / "images" / f"val_{seed}.JPEG", "PNG")
        val.append(f"val_{seed}.JPEG\t{number}\t5\t6\t7\t8")
    (top / "val" / "val_annotations.txt").write_text("\n".join(val) + "\n")
    return top


def test_original_layout_is_read_with_classes_boxes_and_split(top):
    images = data.load(top)
    assert images.classes == ("goldfish", "crane n02", "crane n03")
    assert images.id[1] == "train/n01/images/n01_1.JPEG"
    assert images.label.tolist() == [0, 0, 1, 1, 2, 2, 0, 1, 2]
    assert images.official.tolist() == ["train"] * 6 + ["test"] * 3
    batch = images.batch([1, 8])
    assert np.array_equal((batch["image"][0] * 255).round().permute(1, 2, 0).numpy(), pixels_of(1))
    assert batch["boxes"].tolist() == [[[1, 0, 64, 21]], [[5, 6, 8, 9]]]
    assert batch["box_label"].tolist() == [[0], [2]]


def test_tar_with_a_folder_around_it_is_the_same(top, tmp_path):
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        archive.add(top, "somewhere/tiny")
    assert data.load(tmp_path / "x.tar").fingerprint == data.load(top).fingerprint


def test_boxes_are_reduced_with_the_images(top):
    assert data.load(top, Reading(size=32)).boxes[1].corners.tolist() == [[0.5, 0, 32, 10.5]]


def test_listed_image_that_is_missing_is_named(top):
    (top / "train" / "n02" / "images" / "n02_0.JPEG").unlink()
    images = data.load(top)
    assert len(images) == 8
    assert images.damage == (Damage("train/n02/images/n02_0.JPEG", "in the list, but not there"),)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("val/val_annotations.txt", "val_0.JPEG\tn77\t1\t2\t3\t4\n", "names class 'n77', which is not in wnids.txt"),
        ("val/val_annotations.txt", "val_0.JPEG\tn01\t1\t2\t3\n", "line 1 of val/val_annotations.txt is 'val_0.JPEG"),
        ("train/n01/n01_boxes.txt", "n01_0.JPEG\ta\t2\t3\t4\n", "line 1 of train/n01/n01_boxes.txt is"),
    ],
)
def test_annotations_that_cannot_be_read_are_named_by_line(top, name, text, message):
    (top / name).write_text(text)
    with pytest.raises(DataError, match=message):
        data.load(top)


def test_missing_list_of_boxes_is_named(top):
    (top / "train" / "n01" / "n01_boxes.txt").unlink()
    with pytest.raises(DataError, match=r"train/n01/n01_boxes\.txt: no such file"):
        data.load(top)
