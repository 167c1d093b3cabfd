import numpy as np
import pytest

from lessup.samples.assembly import assemble
from lessup.samples.resample import resample, resampled
from lessup.samples.voxels import pack


def grids_of(bits, side):
    return np.unpackbits(bits, axis=1, count=side**3).reshape(-1, side, side, side).astype(bool)


def resampled_by_loops(grid, new_side):
    """Place the centre of every cell of either grid in the other, one cell at a time."""
    side = len(grid)
    new = np.zeros((new_side,) * 3, bool)
    for index in np.ndindex(new.shape):
        new[index] = grid[tuple(int((i + 0.5) * side / new_side) for i in index)]
    for index in np.ndindex(grid.shape):
        new[tuple(int((i + 0.5) * new_side / side) for i in index)] |= grid[index]
    return new


@pytest.mark.parametrize(("side", "new_side"), [(9, 4), (8, 5), (5, 12), (9, 8), (8, 15), (16, 2)])
def test_every_cell_agrees_with_placing_centres_one_by_one(side, new_side):
    grids = np.random.default_rng(0).random((3, side, side, side)) < 0.2
    grids[:, 0, 0, 0] = grids[:, -1, -1, -1] = True  # no padding to peel
    found = grids_of(resample(pack(grids), side, new_side), new_side)
    for grid, new in zip(grids, found, strict=True):
        assert (new == resampled_by_loops(grid, new_side)).all()


@pytest.mark.parametrize("scale", [2, 3])
def test_coarsening_what_was_refined_gives_the_first_grid_back(scale):
    grids = np.random.default_rng(1).random((4, 7, 7, 7)) < 0.3
    finer = resample(pack(grids), 7, 7 * scale)
    assert grids_of(finer, 7 * scale).sum() == grids.sum() * scale**3
    assert (resample(finer, 7 * scale, 7) == pack(grids)).all()


def test_grids_that_differ_in_padding_alone_keep_every_cell():
    core = np.random.default_rng(2).random((2, 24, 24, 24)) < 0.3
    padded = np.pad(core, [(0, 0), *[(3, 3)] * 3])
    assert (resample(pack(core), 24, 30) == pack(padded)).all()
    assert (resample(pack(padded), 30, 24) == pack(core)).all()


def test_one_sample_that_reaches_the_border_has_all_samples_divided_anew():
    grids = np.zeros((2, 8, 8, 8), bool)
    grids[0, 3:5, 3:5, 3:5] = True
    grids[1, 0] = True
    found = grids_of(resample(pack(grids), 8, 6), 6)
    assert found[1, 0].all()
    assert (found[0] == resampled_by_loops(grids[0], 6)).all()


@pytest.mark.parametrize("new_side", [5, 13, 30])
def test_a_plate_one_cell_thick_survives_wherever_it_lies(new_side):
    grids = np.zeros((32, 32, 32, 32), bool)
    grids[np.arange(32), :, :, np.arange(32)] = True
    found = grids_of(resample(pack(grids), 32, new_side), new_side)
    assert (found.any(axis=3)).all()


def test_samples_keep_all_but_their_cells():
    bits = pack(np.random.default_rng(3).random((3, 4, 4, 4)) < 0.5)
    voxels = assemble(
        "x",
        bits=bits,
        side=4,
        label=np.array([0, 0, 1]),
        classes=("a", "b"),
        group=np.arange(3),
        view=np.zeros(3, int),
        official=[""] * 3,
        id=list("xyz"),
    )
    assert resampled(voxels, 4) is voxels
    other = resampled(voxels, 9)
    assert other.side == 9
    assert other.fingerprint != voxels.fingerprint
    assert other.id.tolist() == ["x", "y", "z"]
    assert other.label.tolist() == [0, 0, 1]
    assert other.batch([0])["voxels"].shape == (1, 9, 9, 9)
