import zipfile

import numpy as np
import pytest
from PIL import Image

from lessup import data
from lessup.errors import DataError
from lessup.samples import Damage
from lessup.samples.splits import Folds, split


def drawing(seed):
    """A drawing of 105 pixels as the archives have them: one bit, ink 0."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 2, (105, 105), np.uint8) * 255).convert("1")


def archive(path, alphabets, *, drawers=3):
    """Write alphabets, each of so many characters, in the published layout; equal names have equal drawings."""
    top = path.stem
    with zipfile.ZipFile(path, "w") as file:
        for alphabet, count in alphabets.items():
            for character in range(1, count + 1):
                for drawer in range(1, drawers + 1):
                    name = f"{alphabet}/character{character:02}/{len(alphabet):02}{character:02}_{drawer:02}.png"
                    with file.open(f"{top}/{name}", "w") as member:
                        drawing(sum(name.encode()) * 1000 + drawer).save(member, "PNG")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "omniglot").mkdir()
    return tmp_path / "omniglot"


def test_classes_are_characters_and_super_classes_alphabets(folder):
    archive(folder / "images_background.zip", {"Latin": 3, "Greek": 2})
    images = data.load(folder / "images_background.zip")
    assert images.classes == (
        *("Greek/character01", "Greek/character02"),
        *("Latin/character01", "Latin/character02", "Latin/character03"),
    )
    assert images.superclasses == ("Greek", "Greek", "Latin", "Latin", "Latin")
    assert images.id[0] == "Greek/character01/0501_01.png"
    assert images.label.tolist() == [n for n in range(5) for _ in range(3)]
    assert images.superclass().tolist() == [0] * 6 + [1] * 9
    assert images.pixels.extent.tolist() == [[105, 105]] * 15
    assert set(np.unique(images.pixels[0])) == {0, 255}
    assert set(images.official) == {""}


def test_drawings_that_two_archives_hold_are_read_once_and_counted(folder):
    archive(folder / "images_background_small1.zip", {"Latin": 3, "Korean": 2})
    archive(folder / "images_background_small2.zip", {"Latin": 3, "Tagalog": 2})
    images = data.load(folder)
    assert len(images) == 7 * 3
    assert sorted(set(images.superclasses)) == ["Korean", "Latin", "Tagalog"]
    reason = "9 drawings are in another set too, read once"
    assert images.damage == (Damage("images_background_small2", reason),)


def test_unpacked_folders_are_the_same_as_archives(folder, tmp_path):
    for number, other in ((1, "Korean"), (2, "Tagalog")):
        archive(folder / f"images_background_small{number}.zip", {"Latin": 2, other: 2})
        zipfile.ZipFile(folder / f"images_background_small{number}.zip").extractall(tmp_path / "unpacked")
    unpacked, packed = data.load(tmp_path / "unpacked"), data.load(folder)
    assert unpacked.id.tolist() == packed.id.tolist()
    assert unpacked.classes == packed.classes
    assert all(np.array_equal(unpacked.pixels[n], packed.pixels[n]) for n in range(len(packed)))


def test_two_drawings_under_one_name_are_refused(folder):
    archive(folder / "images_background_small1.zip", {"Latin": 1}, drawers=1)
    name = "images_background_small2/Latin/character01/0501_01.png"
    with zipfile.ZipFile(folder / "images_background_small2.zip", "w") as file, file.open(name, "w") as member:
        drawing(77).save(member, "PNG")
    with pytest.raises(DataError, match=r"small1/.*0501_01\.png and .*small2/.*0501_01\.png differ"):
        data.load(folder)


def test_background_and_evaluation_sets_are_the_official_parts(folder):
    archive(folder / "images_background.zip", {"Latin": 2})
    archive(folder / "images_evaluation.zip", {"Angelic": 2})
    images = data.load(folder)
    parts = {images.superclasses[label]: part for label, part in zip(images.label, images.official, strict=True)}
    assert parts == {"Latin": "train", "Angelic": "test"}


def test_whole_classes_hold_out_whole_alphabets_from_both_archives(folder):
    archive(folder / "images_background_small1.zip", {"Latin": 3, "Korean": 4})
    archive(folder / "images_background_small2.zip", {"Latin": 3, "Tagalog": 2, "Sanskrit": 3})
    images = data.load(folder)
    tested = []
    for fold in range(4):
        parts = split(images, Folds(folds=4, fold=fold, whole_classes=True))
        sides = [{images.superclasses[label] for label in part.label} for part in (parts.train, parts.test)]
        assert len(sides[0]) == 3
        assert not sides[0] & sides[1]
        assert len(parts.train) + len(parts.test) == len(images)
        tested += sides[1]
    assert sorted(tested) == ["Korean", "Latin", "Sanskrit", "Tagalog"]
