from pathlib import Path

import numpy as np
import pytest

from lessup import data
from lessup.data import packed_voxels
from lessup.errors import DataError
from lessup.samples import Reading, storage
from lessup.samples.voxels import pack

REAL = Path(__file__).parents[2] / ".." / "shared" / "data" / "modelnet10"


def real(name):
    if not (REAL / name).is_file():
        pytest.skip(f"{name} is not in ../shared/data/modelnet10")
    return (REAL / name).resolve()


def random_bits(seed, num, side=4):
    return pack(np.random.default_rng(seed).random((num, side, side, side)) < 0.5)


def assert_tables_stand(voxels):
    """A table's plate is above its legs: the upper half of the third axis holds most of its cells."""
    tables = voxels.batch(np.flatnonzero(voxels.label == voxels.classes.index("table")))["voxels"]
    heights = tables.sum((0, 1, 2))
    assert heights[voxels.side // 2 :].sum() > 2 * heights[: voxels.side // 2].sum()


def authors_arrays():
    """Two classes whose object numbers both start at 0, two views each; class 1 has no ``rand_`` file."""
    clean = random_bits(0, 10)
    return {
        "clean": clean,
        "y": np.repeat([0, 1], [4, 6]).astype(np.uint8),
        "object": np.array([0, 0, 1, 1, 0, 0, 1, 1, 2, 2], np.int16),
        "view": np.tile([0, 1], 5).astype(np.uint8),
        "classes": np.array(["bed", "night_stand"]),
        "shape": np.array([4, 4, 4]),
        "rand_bed_30": clean[:4] & random_bits(1, 4),
        "dist_bed_10": clean[:4] & random_bits(2, 4),
        "dist_night_stand_10": clean[4:] & random_bits(3, 6),
    }


def official_arrays():
    """Training grid 1 and test grid 2 are empty; test grid 0 equals training grid 3."""
    train, test = random_bits(4, 5), random_bits(5, 4)
    train[1] = test[2] = 0
    test[0] = train[3]
    return {
        "train_bits": train,
        "test_bits": test,
        "train_y": np.array([0, 0, 0, 1, 1], np.uint8),
        "test_y": np.array([0, 0, 1, 1], np.uint8),
        "classes": np.array(["bed", "sofa"]),
    }


def write(path, arrays):
    np.savez_compressed(path, **arrays)
    return path


def test_objects_numbered_anew_in_every_class_are_kept_apart(tmp_path):
    voxels = data.load(write(tmp_path / "a.npz", authors_arrays()))
    assert voxels.group.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4]
    assert voxels.id[[0, 3, 9]].tolist() == ["bed/0000/00", "bed/0001/01", "night_stand/0002/01"]
    assert voxels.classes == ("bed", "night_stand")
    assert (voxels.side, set(voxels.official.tolist())) == (4, {""})


def test_grids_are_unpacked_in_c_order(tmp_path):
    arrays = authors_arrays()
    voxels = data.load(write(tmp_path / "a.npz", arrays))
    wanted = np.unpackbits(arrays["clean"], axis=1)[:, :64].reshape(-1, 4, 4, 4).astype(bool)
    assert (voxels.batch(np.arange(10))["voxels"].numpy() == wanted).all()


def test_corrupted_copies_come_with_the_samples_that_have_them(tmp_path):
    arrays = authors_arrays()
    voxels = data.load(write(tmp_path / "a.npz", arrays))
    assert set(voxels.corrupted) == {"rand_30", "dist_10"}
    some = voxels.take(np.array([9, 2, 5, 0]))
    positions, copies = some.corrupted_copies("rand_30")
    assert positions.tolist() == [1, 3]
    assert (copies.numpy() == arrays["rand_bed_30"][[2, 0]]).all()
    positions, copies = some.corrupted_copies("dist_10")
    assert positions.tolist() == [0, 1, 2, 3]
    whole = np.concatenate([arrays["dist_bed_10"], arrays["dist_night_stand_10"]])
    assert (copies.numpy() == whole[[9, 2, 5, 0]]).all()


def test_corrupted_copies_stay_on_disk_until_asked_for(tmp_path, monkeypatch):
    read, asked = packed_voxels.npz.read, []
    monkeypatch.setattr(packed_voxels.npz, "read", lambda path, key: asked.append(key) or read(path, key))
    voxels = data.load(write(tmp_path / "a.npz", authors_arrays()))
    assert not [key for key in asked if "_bed" in key]
    voxels.corrupted_copies("rand_30")
    assert [key for key in asked if "_bed" in key] == ["rand_bed_30"]


def test_official_split_drops_empty_grids_and_names_test_grids_seen_in_training(tmp_path):
    voxels = data.load(write(tmp_path / "a.npz", official_arrays()))
    assert voxels.official.tolist() == ["train"] * 4 + ["test"] * 3
    assert voxels.label.tolist() == [0, 0, 1, 1, 0, 0, 1]
    assert len(set(voxels.group.tolist())) == 7
    found = {(damage.name, damage.skipped) for damage in voxels.damage}
    assert found == {("bed/0001/00", True), ("sofa/0002/00", True), ("bed/0003/00", False)}
    leak = next(damage for damage in voxels.damage if not damage.skipped)
    assert "equal to training grid sofa/0000/00" in leak.reason


def test_what_is_saved_is_loaded_with_the_same_fingerprint(tmp_path):
    voxels = data.load(write(tmp_path / "a.npz", official_arrays()))
    storage.save(tmp_path / "b.npz", voxels)
    again = data.load(tmp_path / "b.npz")
    assert again.fingerprint == voxels.fingerprint
    assert again.damage == voxels.damage


def test_side_asked_for_resamples_and_leaves_the_corrupted_copies(tmp_path):
    voxels = data.load(write(tmp_path / "a.npz", authors_arrays()), Reading(side=7))
    assert (voxels.side, dict(voxels.corrupted)) == (7, {})
    assert voxels.batch([0])["voxels"].shape == (1, 7, 7, 7)


def test_side_that_is_stored_already_changes_nothing(tmp_path):
    path = write(tmp_path / "a.npz", authors_arrays())
    assert data.load(path, Reading(side=4)).fingerprint == data.load(path).fingerprint


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"y": np.zeros(9, np.uint8)}, r"y has shape \(9,\) for 10 grids"),
        ({"y": np.full(10, 2, np.uint8)}, "y runs from 2 to 2; wanted 0 to 1: labels do not match"),
        ({"y": np.zeros(10)}, "y holds float64; wanted whole numbers"),
        ({"object": np.zeros(3, int)}, "object has shape"),
        ({"view": np.full(10, -1)}, "view runs from -1"),
        ({"shape": np.array([5, 5, 5])}, r"5\^3 cells"),
        ({"shape": np.array([4, 4, 5])}, "three equal whole numbers"),
        ({"classes": np.array([1, 2])}, "classes is int64"),
        (
            {"rand_bed_30": np.zeros((3, 8), np.uint8)},
            r"rand_bed_30 is uint8 of shape \(3, 8\); wanted uint8 of \(4, 8\)",
        ),
        ({"view": np.zeros(10, int)}, "are called 'bed/0000/00'"),
        ({"y": np.array([{}] * 10, dtype=object)}, "y holds pickled Python objects.*refused"),
        ({"shape": None}, "lacks shape"),
    ],
)
def test_arrays_that_do_not_match_are_one_line_that_names_the_file(tmp_path, changes, reason):
    arrays = {key: array for key, array in (authors_arrays() | changes).items() if array is not None}
    with pytest.raises(DataError, match=rf"a\.npz: .*{reason}") as error:
        data.load(write(tmp_path / "a.npz", arrays))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"train_y": np.zeros(4, int)}, r"train_y has shape \(4,\) for 5 grids"),
        ({"test_bits": np.zeros((4, 9), np.uint8)}, "different sides"),
        ({"test_y": None}, "lacks test_y"),
        (
            {"train_bits": np.ones((5, 9), np.uint8), "test_bits": np.ones((4, 9), np.uint8)},
            "9 bytes are no bit-packed cubes",
        ),
    ],
)
def test_official_arrays_that_do_not_match_are_named(tmp_path, changes, reason):
    arrays = {key: array for key, array in (official_arrays() | changes).items() if array is not None}
    with pytest.raises(DataError, match=rf"a\.npz: .*{reason}"):
        data.load(write(tmp_path / "a.npz", arrays))


def test_truncated_file_says_so(tmp_path):
    path = write(tmp_path / "a.npz", authors_arrays())
    whole = path.read_bytes()
    for share in (0.0, 0.1, 0.5, 0.99):
        path.write_bytes(whole[: int(share * len(whole))])
        with pytest.raises(DataError, match=r"a\.npz: damaged or cut short .*copy or write it again"):
            data.load(path)


def test_unknown_arrays_are_told_from_the_known_layouts(tmp_path):
    with pytest.raises(DataError, match=r"a\.npz: holds x, y; wanted bits, side"):
        data.load(write(tmp_path / "a.npz", {"x": np.zeros(1), "y": np.zeros(1)}))


def test_npz_files_but_single_grids_are_recognised(tmp_path):
    assert packed_voxels.recognises(write(tmp_path / "a.npz", authors_arrays()))
    assert not packed_voxels.recognises(write(tmp_path / "grid.npz", {"voxels": np.zeros((2, 2, 2))}))
    (tmp_path / "b.npy").write_bytes(b"")
    assert not packed_voxels.recognises(tmp_path / "b.npy")
    assert not packed_voxels.recognises(tmp_path)


def test_authors_volumes_have_727_objects_of_12_views_standing_upright():
    voxels = data.load(real("vconvdae30.npz"))
    assert (len(voxels), voxels.side, len(voxels.classes)) == (8724, 30, 10)
    assert np.bincount(voxels.group).tolist() == [12] * 727
    assert {name: int(copies.available.sum()) for name, copies in voxels.corrupted.items()} == {
        "rand_10": 7068,
        "rand_30": 7068,
        "rand_50": 7068,
        "dist_10": 8724,
        "dist_20": 8724,
        "dist_30": 8724,
    }
    assert_tables_stand(voxels)


def test_authors_copies_only_remove_cells_in_the_share_that_their_name_says():
    voxels = data.load(real("vconvdae30.npz"))
    few = voxels.take(np.arange(0, len(voxels), 40))
    clean = np.bitwise_count(few.bits).sum(axis=1)
    for name in ("rand_30", "dist_20"):
        positions, copies = few.corrupted_copies(name)
        assert not (copies.numpy() & ~few.bits[positions]).any()
        kept = np.bitwise_count(copies.numpy()).sum(axis=1) / clean[positions]
        assert kept.mean() == pytest.approx(1 - int(name[-2:]) / 100, abs=0.03)


def test_official_volumes_have_34_empty_and_62_leaked_grids():
    voxels = data.load(real("official_split_vox32.npz"))
    assert (voxels.official == "train").sum() == 3991 - 27
    assert (voxels.official == "test").sum() == 908 - 7
    assert sum(damage.skipped for damage in voxels.damage) == 34
    assert sum(not damage.skipped for damage in voxels.damage) == 62
    assert_tables_stand(voxels)
