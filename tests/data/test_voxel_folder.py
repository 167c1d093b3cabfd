import numpy as np
import pytest
from scipy.io import savemat

from lessup import data
from lessup.data import voxel_folder
from lessup.errors import DataError
from lessup.formats import binvox, grid_array
from lessup.formats.grid import read_grid, turn_up
from lessup.samples import Damage, Reading
from lessup.samples.cache import FOLDER


def grid_of(seed, side=6):
    return np.random.default_rng(seed).random((side, side, side)) < 0.5


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    (tmp_path / "shapes").mkdir()
    return tmp_path / "shapes"


def write(folder, name, grid):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".binvox":
        binvox.write(path, grid)
    elif path.suffix == ".mat":
        savemat(path, {"instance": grid.astype(np.int8)})
    else:
        grid_array.write(path, grid)
    return path


def test_every_format_gives_its_grid_and_the_folder_its_class(folder):
    names = ["chair/a.npy", "chair/b.npz", "table/c.binvox", "table/deep/er/d.mat"]
    for seed, name in enumerate(names):
        write(folder, name, grid_of(seed))
    voxels = data.load(folder)
    assert voxels.id.tolist() == names
    assert voxels.classes == ("chair", "table")
    assert voxels.label.tolist() == [0, 0, 1, 1]
    assert (voxels.batch(range(4))["voxels"].numpy() == np.stack([grid_of(seed) for seed in range(4)])).all()
    assert voxels.damage == ()


def test_3dshapenets_layout_gives_parts_objects_and_views(folder):
    names = [f"bed/30/{part}/bed_{o:04d}_{v}.mat" for part, o in (("train", 1), ("test", 9)) for v in (1, 2, 10)]
    for seed, name in enumerate(names):
        write(folder, name, grid_of(seed))
    voxels = data.load(folder)
    by_name = {name: i for i, name in enumerate(voxels.id.tolist())}
    order = [by_name[name] for name in names]
    assert voxels.official[order].tolist() == ["train"] * 3 + ["test"] * 3
    assert voxels.view[order].tolist() == [1, 2, 10, 1, 2, 10]
    first, *rest = voxels.group[order].tolist()
    assert rest == [first, first, 1 - first, 1 - first, 1 - first]


def test_files_without_sub_folder_are_unlabelled(folder):
    write(folder, "a.npy", grid_of(0))
    voxels = data.load(folder)
    assert (voxels.label.tolist(), voxels.classes) == ([-1], ())


def test_damaged_and_empty_files_are_left_out_by_name_and_doubles_are_kept(folder):
    write(folder, "chair/good.npy", grid_of(0))
    write(folder, "chair/twin.binvox", grid_of(0))
    write(folder, "chair/empty.npy", np.zeros((6, 6, 6), bool))
    whole = write(folder, "chair/short.npz", grid_of(1)).read_bytes()
    (folder / "chair/short.npz").write_bytes(whole[:60])
    np.save(folder / "chair/nan.npy", np.full((6, 6, 6), np.nan))
    np.save(folder / "chair/grey.npy", np.full((6, 6, 6), 0.5))
    np.save(folder / "chair/pickle.npy", np.array([{}], dtype=object), allow_pickle=True)
    np.savez(folder / "chair/packed.npz", bits=np.zeros(1), label=np.zeros(1))
    savemat(folder / "chair/other.mat", {"voxel": np.zeros((6, 6, 6))})
    voxels = data.load(folder)
    assert voxels.id.tolist() == ["chair/good.npy", "chair/twin.binvox"]
    found = {damage.name.removeprefix("chair/"): damage for damage in voxels.damage}
    reasons = {
        "empty.npy": "empty grid",
        "short.npz": "damaged or cut short",
        "nan.npy": "216 of 216 cells are NaN",
        "grey.npy": "neither 0 nor 1",
        "pickle.npy": "pickled Python objects",
        "packed.npz": "holds 2 arrays; wanted one grid",
        "other.mat": "wanted the variable 'instance'",
        "twin.binvox": "equal to chair/good.npy",
    }
    assert set(found) == set(reasons)
    for name, reason in reasons.items():
        assert reason in found[name].reason
        assert found[name].skipped == (name != "twin.binvox")
        assert str(folder) not in found[name].reason


def test_equal_views_of_one_object_are_no_doubles(folder):
    for view in (1, 2):
        write(folder, f"chair/chair_0001_{view}.npy", grid_of(0))
    assert data.load(folder).damage == ()


def test_all_files_damaged_is_one_clear_error(folder):
    for name in ("a.npy", "b.mat", "c.binvox", "d.npz"):
        (folder / name).write_bytes(b"not a grid")
    with pytest.raises(DataError, match=r"all 4 grids under .*shapes are damaged, such as a\.npy: ") as error:
        data.load(folder)
    assert "\n" not in str(error.value)


def test_mixed_sides_say_how_to_resample_and_then_can_be(folder):
    write(folder, "a.npy", grid_of(0, side=6))
    write(folder, "b.npy", grid_of(1, side=6))
    write(folder, "c.npy", grid_of(2, side=9))
    with pytest.raises(DataError, match=r"several sizes .*2 of 6\^3, 1 of 9\^3: pass --side 6"):
        data.load(folder)
    voxels = data.load(folder, Reading(side=6))
    assert (voxels.side, len(voxels)) == (6, 3)
    assert (voxels.batch([0, 1])["voxels"].numpy() == np.stack([grid_of(0), grid_of(1)])).all()


def test_grids_with_y_up_are_turned_and_kept_apart_from_those_as_stored(folder):
    write(folder, "a.binvox", grid_of(0))
    write(folder, "b.npy", grid_of(1))
    for up, turn in (("auto", np.asarray), ("y", turn_up), ("z", np.asarray)):
        grids = data.load(folder, Reading(up=up)).batch([0, 1])["voxels"].numpy()
        assert (grids == np.stack([turn(grid_of(0)), turn(grid_of(1))])).all(), up


def test_second_load_comes_from_the_cache_and_a_changed_file_is_read_anew(folder, monkeypatch):
    write(folder, "a.npy", grid_of(0))
    first = data.load(folder)
    assert len(list((folder.parent / FOLDER).iterdir())) == 1
    read = []
    monkeypatch.setattr(voxel_folder, "read_grid", lambda path, up: read.append(path) or read_grid(path, up=up))
    again = data.load(folder)
    assert again.fingerprint == first.fingerprint
    assert not read
    write(folder, "a.npy", grid_of(1))
    assert (data.load(folder).batch([0])["voxels"].numpy() == grid_of(1)).all()
    assert read
    assert data.load(folder, Reading(side=12)).side == 12


def test_damage_is_remembered_by_the_cache(folder):
    write(folder, "a.npy", grid_of(0))
    write(folder, "b.npy", np.zeros((6, 6, 6), bool))
    assert data.load(folder).damage == data.load(folder).damage == (Damage("b.npy", "empty grid"),)


def test_hidden_files_and_folders_are_passed_over(folder):
    write(folder, "a.npy", grid_of(0))
    for name in ("._a.npy", ".trash/b.npy", "__MACOSX/c.npy"):
        write(folder, name, grid_of(1))
    assert data.load(folder).id.tolist() == ["a.npy"]


@pytest.mark.parametrize(("names", "found"), [((), "an empty folder"), (("a.pdf", "b.pdf", "c.doc"), "2 .pdf, 1 .doc")])
def test_folder_without_grids_says_what_was_found_and_wanted(folder, names, found):
    for name in names:
        (folder / name).touch()
    assert not voxel_folder.recognises(folder)
    with pytest.raises(DataError, match=rf"found {found}; wanted .*a folder of \.npy"):
        data.load(folder)
