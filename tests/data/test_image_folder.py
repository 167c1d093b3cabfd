import tarfile
import zipfile

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.data import image_folder
from lessup.errors import DataError
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import Place, placed


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "photos").mkdir()
    return tmp_path / "photos"


def picture(path, seed=0, size=(8, 6)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)).save(path)


def pictures(folder, *names):
    for seed, name in enumerate(names):
        picture(folder / name, seed)


def test_class_folders_give_labels(folder):
    pictures(folder, "dog/1.png", "cat/1.png", "cat/2.png")
    images = data.load(folder)
    assert images.classes == ("cat", "dog")
    assert images.id.tolist() == ["cat/1.png", "cat/2.png", "dog/1.png"]
    assert images.label.tolist() == [0, 0, 1]
    assert images.official.tolist() == [""] * 3
    assert images.batch([2])["image"].shape == (1, 3, 8, 6)


def test_flat_folder_has_no_classes(folder):
    pictures(folder, "1.png", "2.png")
    images = data.load(folder)
    assert images.classes == ()
    assert images.label.tolist() == [-1, -1]


def test_images_beside_class_folders_have_no_label(folder):
    pictures(folder, "0.png", "cat/1.png", "dog/2.png")
    assert data.load(folder).label.tolist() == [-1, 0, 1]


@pytest.mark.parametrize(
    ("names", "classes", "parts"),
    [
        (["a/b/1.png", "a/c/2.png"], ["b", "c"], ["", ""]),
        (["top/cat/old/1.png", "top/dog/2.png"], ["cat", "dog"], ["", ""]),
        (["cat/1.png", "cat/2.png"], ["cat", "cat"], ["", ""]),
        (["top/cat/1.png", "top/cat/2.png"], ["cat", "cat"], ["", ""]),
        (["train/cat/1.png", "test/cat/2.png"], ["cat", "cat"], ["train", "test"]),
        (["top/train/cat/x/1.png", "top/val/dog/2.png"], ["cat", "dog"], ["train", "val"]),
        (["train/images/cat/1.png", "train/images/dog/2.png"], ["cat", "dog"], ["train", "train"]),
        (["Train/cat/1.png", "Testing/cat/2.png"], ["cat", "cat"], ["train", "test"]),
        (["train.png", "test.png"], ["", ""], ["", ""]),
    ],
)
def test_class_is_the_first_level_that_differs(names, classes, parts):
    assert [place.class_name for place in placed(names)] == classes
    assert [place.part for place in placed(names)] == parts


def test_id_leaves_out_the_folders_that_hold_everything():
    assert placed(["top/train/cat/1.png", "top/test/cat/1.png"])[0] == Place("train/cat/1.png", "train", "cat")


def test_train_and_test_folders_are_the_official_split(folder):
    pictures(folder, "train/cat/1.png", "val/cat/2.png", "test/dog/3.png")
    images = data.load(folder)
    assert dict(zip(images.id.tolist(), images.official.tolist(), strict=True)) == {
        "train/cat/1.png": "train",
        "val/cat/2.png": "train",
        "test/dog/3.png": "test",
    }
    assert images.label.tolist() == [1, 0, 0]


def test_val_is_the_test_part_where_test_has_no_labels(folder):
    pictures(folder, "train/cat/1.png", "val/cat/2.png", "test/3.png", "test/4.png")
    images = data.load(folder)
    assert images.id.tolist() == ["train/cat/1.png", "val/cat/2.png"]
    assert images.official.tolist() == ["train", "test"]
    assert images.damage == (Damage("test", "2 images without labels; val is the test part"),)


def test_folder_zip_and_tar_give_equal_images(folder, tmp_path):
    pictures(folder, "cat/1.png", "dog/2.png")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder.parent))
    with tarfile.open(tmp_path / "x.tar.gz", "w:gz") as archive:
        archive.add(folder, "photos")
    found = [data.load(path) for path in (folder, tmp_path / "x.zip", tmp_path / "x.tar.gz")]
    assert len({images.fingerprint for images in found}) == 1
    assert [images.id.tolist() for images in found] == [["cat/1.png", "dog/2.png"]] * 3


def test_broken_files_are_named_and_left_out(folder):
    pictures(folder, "cat/1.png", "dog/2.png")
    (folder / "cat" / "notes.jpg").write_text("a letter")
    (folder / "dog" / "empty.jpg").touch()
    images = data.load(folder)
    assert images.id.tolist() == ["cat/1.png", "dog/2.png"]
    assert images.damage == (Damage("cat/notes.jpg", "text, not an image"), Damage("dog/empty.jpg", "empty file"))


def test_meshes_with_textures_and_grids_are_no_images(folder):
    pictures(folder, "chair/texture.png", "chair/other.jpg")
    assert image_folder.recognises(folder)
    (folder / "chair" / "chair.obj").touch()
    assert not image_folder.recognises(folder)


def test_grids_with_a_few_pictures_are_no_images_but_images_with_a_few_arrays_are(folder):
    pictures(folder, "preview.png", "second.png")
    np.save(folder / "0.npy", np.ones((4, 4, 4), bool))
    assert image_folder.recognises(folder)
    np.save(folder / "1.npy", np.ones((4, 4, 4), bool))
    assert not image_folder.recognises(folder)


def test_archive_without_images_says_what_was_found(folder, tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a.pdf", b"")
        archive.writestr("b/c.pdf", b"")
    with pytest.raises(
        DataError, match=r"no usable data at .*x.zip: found 2 .pdf; wanted .*folder, zip or tar of images"
    ):
        data.load(tmp_path / "x.zip")


def test_archive_whose_names_lead_out_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("../1.png", b"")
    with pytest.raises(DataError, match="leads out of the archive"):
        data.load(tmp_path / "x.zip")


def test_size_reduces_large_images(folder):
    picture(folder / "cat" / "1.png", size=(90, 60))
    assert data.load(folder, Reading(size=30)).pixels[0].shape == (45, 30, 3)


def test_nested_folders_are_classes_in_super_classes(folder):
    pictures(folder, "a/birds/sparrow/1.png", "a/birds/robin/1.png", "a/birds/robin/old/2.png", "a/fish/cod/1.png")
    plain, nested = data.load(folder), data.load(folder, Reading(nested=True))
    assert plain.classes == ("birds", "fish")
    assert plain.superclasses == ()
    assert nested.classes == ("birds/robin", "birds/sparrow", "fish/cod")
    assert nested.superclasses == ("birds", "birds", "fish")
    assert nested.id.tolist() == ["birds/robin/1.png", "birds/robin/old/2.png", "birds/sparrow/1.png", "fish/cod/1.png"]
    assert nested.label.tolist() == [0, 0, 1, 2]
    assert nested.superclass().tolist() == [0, 0, 0, 1]


def test_nested_official_parts_are_read_above_super_classes(folder):
    pictures(folder, "train/birds/robin/1.png", "test/birds/robin/2.png", "train/fish/cod/1.png")
    images = data.load(folder, Reading(nested=True))
    assert images.classes == ("birds/robin", "fish/cod")
    assert dict(zip(images.id.tolist(), images.official.tolist(), strict=True)) == {
        "test/birds/robin/2.png": "test",
        "train/birds/robin/1.png": "train",
        "train/fish/cod/1.png": "train",
    }


def test_nested_without_two_levels_is_refused(folder):
    pictures(folder, "cat/1.png", "dog/2.png")
    with pytest.raises(DataError, match="no folders of classes in folders of super-classes"):
        data.load(folder, Reading(nested=True))
