import itertools
import subprocess
import sys
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from lessup.data import load, mesh_folder
from lessup.data.mesh_folder import Place, placed
from lessup.errors import DataError, UsageError
from lessup.formats.mesh import write_mesh
from lessup.samples import Reading

CUBE = np.array(list(itertools.product((0, 1), repeat=3)), np.float64)
CUBE_FACES = np.array(
    [
        *([0, 1, 3], [0, 3, 2], [4, 6, 7], [4, 7, 5]),
        *([0, 4, 5], [0, 5, 1], [2, 3, 7], [2, 7, 6]),
        *([0, 2, 6], [0, 6, 4], [1, 5, 7], [1, 7, 3]),
    ]
)


def write_box(path, sides=(1, 1, 1)):
    path.parent.mkdir(parents=True, exist_ok=True)
    write_mesh(path, CUBE * sides, CUBE_FACES)


def test_class_folders_become_labels_and_rotations_become_views(tmp_path):
    write_box(tmp_path / "flat" / "one.off", (4, 4, 1))
    write_box(tmp_path / "tall" / "one.obj", (1, 1, 4))
    write_box(tmp_path / "tall" / "two.off", (1, 2, 4))
    samples = load(tmp_path, Reading(views=4))
    assert samples.classes == ("flat", "tall")
    assert samples.side == 30
    assert samples.label.tolist() == [0] * 4 + [1] * 8
    assert samples.group.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert samples.view.tolist() == [0, 1, 2, 3] * 3
    assert samples.id[[0, 4, 11]].tolist() == ["flat/one/00", "tall/one/00", "tall/two/03"]
    assert samples.damage == ()
    grids = samples.batch([0, 8, 9])["voxels"].numpy()
    extents = [(np.ptp(np.argwhere(grid), axis=0) + 1).tolist() for grid in grids]
    assert extents == [[24, 24, 6], [6, 12, 24], [12, 6, 24]]


def test_modelnet_layout_gives_the_official_split(tmp_path):
    write_box(tmp_path / "chair" / "train" / "chair_0001.off")
    write_box(tmp_path / "chair" / "test" / "chair_0002.off", (1, 1, 2))
    samples = load(tmp_path, Reading(views=1))
    assert samples.id.tolist() == ["chair/chair_0002/00", "chair/chair_0001/00"]
    assert samples.official.tolist() == ["test", "train"]
    assert samples.classes == ("chair",)


@pytest.mark.parametrize(
    ("file", "place"),
    [
        ("a.off", Place("", "", "a")),
        ("chair/a.off", Place("chair", "", "chair/a")),
        ("chair/a/model.obj", Place("chair", "", "chair/a/model")),
        ("chair/test/a.off", Place("chair", "test", "chair/a")),
        ("ModelNet10/chair/train/a.off", Place("chair", "train", "ModelNet10/chair/a")),
        ("train/chair/a.off", Place("chair", "train", "chair/a")),
        ("train/a.off", Place("", "train", "a")),
        ("chair/a.b.off", Place("chair", "", "chair/a.b")),
    ],
)
def test_folders_say_class_and_split(file, place):
    assert placed([PurePosixPath(file)]) == [place]


def test_meshes_that_would_share_a_name_keep_their_whole_path():
    files = ["chair/train/a.off", "chair/test/a.off", "chair/train/b.off"]
    assert [place.id for place in placed([PurePosixPath(file) for file in files])] == [*files[:2], "chair/b"]


def test_flat_folder_and_single_file_have_no_labels(tmp_path):
    write_box(tmp_path / "one.off")
    for path in (tmp_path, tmp_path / "one.off"):
        samples = load(path, Reading(views=2))
        assert samples.classes == ()
        assert samples.label.tolist() == [-1, -1]
        assert samples.id.tolist() == ["one/00", "one/01"]


def test_bad_meshes_are_skipped_and_named_and_doubtful_ones_are_kept_and_named(tmp_path):
    write_box(tmp_path / "good.off")
    write_mesh(tmp_path / "open.off", CUBE, CUBE_FACES[:-2])
    write_mesh(tmp_path / "nan.off", CUBE * np.nan, CUBE_FACES)
    write_mesh(tmp_path / "empty.off", CUBE, CUBE_FACES[:0])
    (tmp_path / "short.off").write_text("OFF\n8 12 0\n0 0 0\n")
    samples = load(tmp_path, Reading(views=1))
    assert samples.id.tolist() == ["good/00", "open/00"]
    damage = {damage.name: damage for damage in samples.damage}
    assert set(damage) == {"open.off", "nan.off", "empty.off", "short.off"}
    assert not damage["open.off"].skipped
    assert damage["open.off"].reason == "not watertight: 4 open edges"
    assert all(damage[name].skipped for name in ("nan.off", "empty.off", "short.off"))
    assert damage["short.off"].reason.startswith("is cut short")


def test_nothing_usable_is_an_error_that_says_why(tmp_path):
    (tmp_path / "a.off").write_text("nothing")
    with pytest.raises(DataError, match=r"none of the 1 meshes.*a\.off: is not an OFF file"):
        load(tmp_path)


def test_many_meshes_in_other_processes_equal_one_after_the_other(tmp_path, monkeypatch):
    for number in range(20):
        write_box(tmp_path / "box" / f"{number:02d}.off", (1, 1 + number / 10, 2))
    parallel = mesh_folder.load(tmp_path, Reading(views=3))
    monkeypatch.setattr(mesh_folder, "_SERIAL", 100)
    monkeypatch.setattr(mesh_folder, "cached", lambda key, beside, build: build())
    serial = mesh_folder.load(tmp_path, Reading(views=3))
    assert parallel.fingerprint == serial.fingerprint
    assert np.array_equal(parallel.bits, serial.bits)


def test_grids_among_meshes_are_left_out_and_named(tmp_path):
    write_box(tmp_path / "shapes" / "one.off")
    assert load(tmp_path / "shapes", Reading(views=1)).damage == ()
    np.save(tmp_path / "shapes" / "two.npy", np.ones((4, 4, 4), bool))
    (tmp_path / "shapes" / "three.binvox").touch()
    samples = load(tmp_path / "shapes", Reading(views=1))
    assert samples.id.tolist() == ["one/00"]
    assert [(one.name, one.skipped) for one in samples.damage] == [("three.binvox", True), ("two.npy", True)]
    assert "a grid among meshes" in samples.damage[0].reason


def test_second_load_reads_the_cache_and_a_changed_mesh_does_not(tmp_path, monkeypatch):
    folder = tmp_path / "shapes"
    write_box(folder / "one.off")
    first = load(folder, Reading(views=2))
    monkeypatch.setattr(mesh_folder, "voxelize", None)
    again = load(folder, Reading(views=2))
    assert again.fingerprint == first.fingerprint
    assert again.id.tolist() == first.id.tolist()
    monkeypatch.undo()
    assert len(load(folder, Reading(views=3))) == 3
    write_box(folder / "one.off", (1, 1, 2))
    assert load(folder, Reading(views=2)).fingerprint != first.fingerprint


def test_side_and_padding_are_followed(tmp_path):
    write_box(tmp_path / "one.off")
    samples = load(tmp_path, Reading(side=16, padding=2, views=1))
    assert samples.side == 16
    assert samples.batch([0])["voxels"].sum() == 12**3


@pytest.mark.parametrize("reading", [Reading(side=6), Reading(padding=-1), Reading(views=0), Reading(padding=15)])
def test_settings_that_leave_nothing_are_refused(tmp_path, reading):
    write_box(tmp_path / "one.off")
    with pytest.raises(UsageError, match="wanted a side above twice the padding"):
        mesh_folder.load(tmp_path, reading)


def test_only_meshes_are_recognised(tmp_path):
    (tmp_path / "a.jpg").touch()
    (tmp_path / ".hidden").mkdir()
    (tmp_path / ".hidden" / "a.off").touch()
    (tmp_path / "__MACOSX").mkdir()
    (tmp_path / "__MACOSX" / "a.off").touch()
    assert not mesh_folder.recognises(tmp_path)
    assert not mesh_folder.recognises(tmp_path / "a.jpg")
    assert not mesh_folder.recognises(tmp_path / "missing")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "a.STL").touch()
    assert mesh_folder.recognises(tmp_path)


@pytest.mark.slow
def test_script_without_a_guarded_main_part_can_load_many_meshes(tmp_path):
    for number in range(20):
        write_box(tmp_path / "shapes" / f"{number:02d}.off", (1, 1 + number / 10, 2))
    script = tmp_path / "script.py"
    script.write_text("import sys, lessup.data\nprint(len(lessup.data.load(sys.argv[1])))\n")
    done = subprocess.run(
        [sys.executable, script, tmp_path / "shapes"], capture_output=True, text=True, check=True, cwd=Path.cwd()
    )
    assert done.stdout == "240\n"
