import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples import Damage
from lessup.samples.assembly import assemble, fingerprint
from lessup.samples.voxels import first_equal


def arrays(**changes):
    bits = np.array([[0b10000000], [0b11000000], [0b10000000], [0b00000001]], np.uint8)
    plain = {
        "bits": bits,
        "side": 2,
        "label": np.array([0, 1, 1, -1]),
        "classes": ("chair", "table"),
        "group": np.array([7, 9, 9, 30]),
        "view": np.array([0, 0, 1, 0]),
        "official": ["train", "test", "test", ""],
        "id": ["chair/0007/00", "table/0009/00", "table/0009/01", "x"],
    }
    return plain | changes


def test_every_field_is_filled():
    voxels = assemble("some.npz", **arrays(damage=[Damage("a", "b")]))
    assert len(voxels) == 4
    assert voxels.row.tolist() == [0, 1, 2, 3]
    assert voxels.group.tolist() == [0, 1, 1, 2]
    assert voxels.batch([1])["voxels"].sum() == 2
    assert voxels.damage == (Damage("a", "b"),)
    assert all(array.dtype == np.int64 for array in (voxels.label, voxels.group, voxels.view, voxels.row))


def test_empty_grid_is_left_out_and_named_and_rows_still_point_into_the_file():
    bits = arrays()["bits"].copy()
    bits[1] = 0
    voxels = assemble("some.npz", **arrays(bits=bits))
    assert voxels.row.tolist() == [0, 2, 3]
    assert voxels.damage == (Damage("table/0009/00", "empty grid", skipped=True),)
    with pytest.raises(DataError, match="all 4 grids are empty"):
        assemble("some.npz", **arrays(bits=bits * 0))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"label": np.array([0, 1, 1])}, r"4 grids but label has shape \(3,\)"),
        ({"label": np.array([0, 1, 1, 2])}, "labels such as 2 are outside the 2 classes"),
        ({"label": np.array([0, 1, 1, -2])}, "labels such as -2"),
        ({"label": np.array([0.0, 1, 1, 1])}, "label holds float64; wanted whole numbers"),
        ({"view": np.array([0, 0, -1, 0])}, "view -1 is negative"),
        ({"official": ["train", "test", "test", "valid"]}, "official split 'valid'"),
        ({"id": ["a", "b", "b", "c"]}, "2 samples are called 'b'"),
        ({"side": 3}, r"wanted uint8 of \(4,\), which is 3\^3 cells"),
        ({"bits": np.zeros((4, 1), bool)}, "grids are bool"),
        ({"side": 1}, "bits beyond the last of 1"),
    ],
)
def test_arrays_that_do_not_match_are_named(changes, reason):
    with pytest.raises(DataError, match=rf"some\.npz: .*{reason}"):
        assemble("some.npz", **arrays(**changes))


def test_fingerprint_follows_the_content_and_nothing_else():
    first = assemble("here.npz", **arrays()).fingerprint
    assert first == assemble("there.npz", **arrays(label=np.array([0, 1, 1, -1], np.int8))).fingerprint
    others = [
        {"label": np.array([1, 1, 1, -1])},
        {"classes": ("chair", "sofa")},
        {"id": list("abcd")},
        {"official": [""] * 4},
        {"view": np.array([0, 0, 2, 0])},
        {"group": np.array([7, 8, 9, 30])},
    ]
    found = {assemble("here.npz", **arrays(**change)).fingerprint for change in others}
    assert len(found | {first}) == len(others) + 1


def test_fingerprint_keeps_arrays_of_other_shape_or_type_apart():
    zeros = [np.zeros(4, np.uint8), np.zeros((2, 2), np.uint8), np.zeros(1, np.int32)]
    assert len({fingerprint(array) for array in zeros}) == 3


def test_first_equal_agrees_with_comparing_all_pairs():
    bits = np.random.default_rng(0).integers(0, 3, (60, 2), dtype=np.uint8)
    wanted = [next(j for j in range(60) if (bits[j] == bits[i]).all()) for i in range(60)]
    assert first_equal(bits).tolist() == wanted
