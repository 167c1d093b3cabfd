from pathlib import PurePath

import pytest

from lessup.samples.folder_names import Place, class_labels, place_of


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("a.npy", Place("", "", "a", 0)),
        ("chair/a.npy", Place("chair", "", "chair/a", 0)),
        ("chair/chair_0001.off", Place("chair", "", "chair/chair_0001", 0)),
        ("night_stand/test/night_stand_0201.off", Place("night_stand", "test", "night_stand/test/night_stand_0201", 0)),
        ("chair/30/train/chair_0001_12.mat", Place("chair", "train", "chair/30/train/chair_0001", 12)),
        ("volumetric_data/bed/30/test/bed_0009_1.mat", Place("bed", "test", "volumetric_data/bed/30/test/bed_0009", 1)),
        ("7/train/a.npy", Place("7", "train", "7/train/a", 0)),
        ("ModelNet10/chair/train/chair_1.npy", Place("chair", "train", "ModelNet10/chair/train/chair_1", 0)),
        ("Train/chair/a.npy", Place("chair", "train", "Train/chair/a", 0)),
        ("test/a.npy", Place("", "test", "test/a", 0)),
        ("03001627/1a2b/model.binvox", Place("03001627", "", "03001627/1a2b/model", 0)),
    ],
)
def test_every_known_layout_is_read_from_the_path(path, place):
    assert place_of(PurePath(path)) == place


def test_classes_are_numbered_in_alphabetical_order():
    places = [place_of(PurePath(path)) for path in ("table/a.npy", "b.npy", "chair/c.npy", "table/d.npy")]
    assert class_labels(places) == ([1, -1, 0, 1], ("chair", "table"))


def test_files_in_no_class_folder_have_no_classes():
    assert class_labels([place_of(PurePath("train/a.npy"))]) == ([-1], ())
