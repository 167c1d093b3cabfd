import torch

from lessup.transforms.symmetry import NUM_SYMMETRIES, apply_symmetry, undo_symmetry

GRID = torch.arange(27).view(1, 3, 3, 3)
ALL = torch.arange(NUM_SYMMETRIES)


def test_symmetries_are_the_four_turns_and_their_mirror_images():
    got = {tuple(grid.flatten().tolist()) for grid in apply_symmetry(GRID.expand(8, -1, -1, -1), ALL)}
    turns = [GRID[0].rot90(number, (0, 1)) for number in range(4)]
    wanted = {tuple(grid.flatten().tolist()) for turn in turns for grid in (turn, turn.flip(0))}
    assert got == wanted
    assert len(got) == 8


def test_number_0_changes_nothing():
    assert apply_symmetry(GRID, ALL[:1]).equal(GRID)


def test_undoing_gives_back_every_grid_of_a_batch():
    grids = torch.rand(8, 4, 4, 4, generator=torch.Generator().manual_seed(0))
    assert undo_symmetry(apply_symmetry(grids, ALL), ALL).equal(grids)


def test_the_upright_axis_stays_upright():
    heights = torch.arange(4).expand(8, 4, 4, 4)
    assert apply_symmetry(heights, ALL).equal(heights)
