from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy import ndimage

from lessup.errors import DataError
from lessup.evaluation.shape_repair import ShapeRepair
from lessup.samples.splits import Split
from lessup.samples.voxels import Corrupted, unpack


def with_copies(samples, emptied, available):
    """Give samples copies that lack the cells ``emptied`` marks."""
    bits = samples.bits & np.packbits(~emptied)
    rows = samples.row.max() + 1
    everything = np.zeros((rows, bits.shape[1]), np.uint8)
    everything[samples.row] = bits
    has_copy = np.zeros(rows, bool)
    has_copy[samples.row] = available
    copies = Corrupted(has_copy, lambda: everything)
    return replace(samples, corrupted={"rand_30": copies})


def test_identity_row_is_the_share_of_cells_that_the_data_lost(toy, box_split):
    test = box_split.test
    lost = np.zeros((12, 12, 12), bool)
    lost[:6] = True
    copies = with_copies(test, lost, np.ones(len(test), bool))
    result = ShapeRepair(ShapeRepair.Config(columns=("rand_30",))).measure(toy, replace(box_split, test=copies))
    whole = unpack(torch.from_numpy(test.bits), 12).numpy()
    errors = 100 * whole[:, :6].sum((1, 2, 3)) / 6**3
    by_class = [errors[test.label == label].mean() for label in range(3)]
    assert result.rows["identity"]["rand_30"].mean == pytest.approx(np.mean(by_class))
    assert result.rows["identity"]["rand_30/flat"].mean == pytest.approx(by_class[1])
    assert result.rows["empty"]["rand_30"].mean == pytest.approx(
        np.mean([100 * whole[test.label == label].sum((1, 2, 3)).mean() / 6**3 for label in range(3)])
    )
    assert result.rows["model"] == result.rows["identity"]
    assert result.notes == ()


def test_classes_without_copies_are_left_out_and_noted(toy, box_split):
    test = box_split.test
    copies = with_copies(test, np.ones((12, 12, 12), bool), test.label != 2)
    result = ShapeRepair(ShapeRepair.Config(columns=("rand_30",))).measure(toy, replace(box_split, test=copies))
    assert set(result.rows["model"]) == {"rand_30", "rand_30/tall", "rand_30/flat"}
    assert np.isnan(result.figures["class_error"][:, :, 2]).all()
    assert result.notes == ("rand_30: 4 of 12 samples have no damaged copy and are left out",)
    assert not result.figures["example_rand_30_repaired"][2].any()


def test_generated_damage_depends_neither_on_the_batch_nor_on_the_other_samples(toy, box_split):
    columns = ("rand_30", "dist_20", "half", "view")
    config = ShapeRepair.Config(columns=columns, batch_size=5)
    whole = ShapeRepair(config).measure(toy, box_split)
    alone = box_split.test.take(np.flatnonzero(box_split.test.label == 1))
    part = ShapeRepair(replace(config, batch_size=64)).measure(toy, replace(box_split, test=alone))
    for row in whole.rows:
        for column in columns:
            assert part.rows[row][column].mean == pytest.approx(whole.rows[row][f"{column}/flat"].mean)


def test_closing_repairs_lone_gaps_and_not_halves(toy, box_split):
    result = ShapeRepair(ShapeRepair.Config(columns=("rand_30", "half"))).measure(toy, box_split)
    identity, closing = result.rows["identity"], result.rows["closing"]
    assert closing["rand_30"].mean < 0.7 * identity["rand_30"].mean
    assert closing["half"].mean > 0.7 * identity["half"].mean


def test_several_seeds_give_a_spread(toy, box_split):
    result = ShapeRepair(ShapeRepair.Config(columns=("view",), seeds=3)).measure(toy, box_split)
    score = result.rows["identity"]["view"]
    assert score.n == 3
    assert score.std > 0
    singles = [
        ShapeRepair(ShapeRepair.Config(columns=("view",), seed=seed))
        .measure(toy, box_split)
        .rows["identity"]["view"]
        .mean
        for seed in range(3)
    ]
    assert (score.mean, score.std) == pytest.approx((np.mean(singles), np.std(singles, ddof=1)))


def test_the_first_views_alone_can_be_measured(toy, box_split):
    first = box_split.test.take(np.flatnonzero(box_split.test.view == 0))
    config = ShapeRepair.Config(columns=("half",))
    wanted = ShapeRepair(config).measure(toy, replace(box_split, test=first)).rows
    assert ShapeRepair(replace(config, views=1)).measure(toy, box_split).rows == wanted


def test_figures_show_one_example_a_class(toy, box_split):
    figures = ShapeRepair(ShapeRepair.Config(columns=("view",))).measure(toy, box_split).figures
    assert figures["example_id"].shape == (3,)
    clean, corrupted, repaired = (
        unpack(torch.from_numpy(figures[name]), int(figures["side"]))
        for name in ("example_clean", "example_view_corrupted", "example_view_repaired")
    )
    assert not (corrupted & ~clean).any()
    assert repaired.equal(corrupted)
    assert figures["class_error"].shape == (4, 1, 3)


def test_nothing_held_out_is_refused(toy, box_split):
    nothing = box_split.test.take(np.arange(0))
    with pytest.raises(DataError, match="--folds 2"):
        ShapeRepair().measure(toy, Split(box_split.train, box_split.validation, nothing))


def test_trivial_rows_on_the_published_copies_equal_numpy_and_scipy(toy, real_split, real_file):
    chosen = (real_split.test.label == 2) & (real_split.test.view == 0)
    test = real_split.test.take(np.flatnonzero(chosen))
    columns = ("rand_50", "dist_30")
    result = ShapeRepair(ShapeRepair.Config(columns=columns)).measure(toy, replace(real_split, test=test))
    stored = np.load(real_file)

    def grids(bits):
        return np.unpackbits(bits, axis=1)[:, :27_000].reshape(-1, 30, 30, 30).astype(bool)

    clean = grids(stored["clean"][test.row])
    of_class = np.flatnonzero(stored["y"] == 2)
    for column in columns:
        damaged = grids(stored[column.replace("_", "_chair_")][np.searchsorted(of_class, test.row)])
        closed = [ndimage.binary_closing(np.pad(grid, 2), np.ones((3, 3, 3)))[2:-2, 2:-2, 2:-2] for grid in damaged]
        for row, repaired in (("identity", damaged), ("closing", np.array(closed))):
            wanted = 100 * (repaired != clean).sum() / len(clean) / 13_824
            assert result.rows[row][f"{column}/chair"].mean == pytest.approx(wanted)
