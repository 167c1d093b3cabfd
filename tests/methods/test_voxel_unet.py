import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import DataError, UsageError
from lessup.methods import recipes
from lessup.methods.voxel_unet import VoxelUNet, VoxelUNetConfig, damage
from lessup.samples.voxels import Voxels, pack
from lessup.transforms.draws import Draws
from lessup.transforms.symmetry import NUM_SYMMETRIES, apply_symmetry, undo_symmetry

SMALL = VoxelUNetConfig(
    widths=(16, 16, 16), encoder_units=(1, 1, 1), decoder_units=(1, 1), cells=10, rim=1, most_slices=4
)
PURE = {
    kind: {other: float(other == kind) for other in ("random", "slices", "half", "view")}
    for kind in ("random", "slices", "half", "view")
}


def build(config: VoxelUNetConfig = SMALL) -> VoxelUNet:
    """A network whose output depends on the place and differs from cell to cell, as after training."""
    torch.manual_seed(0)
    method = VoxelUNet(config).eval()
    nn.init.normal_(method.place)
    nn.init.normal_(method.head.weight)
    return method


def random_grids(num: int, side: int, rim: int = 0, share: float = 0.3) -> torch.Tensor:
    grids = torch.zeros(num, side, side, side, dtype=torch.bool)
    kept = slice(rim, side - rim)
    grids[:, kept, kept, kept] = (
        torch.rand(num, *(side - 2 * rim,) * 3, generator=torch.Generator().manual_seed(1)) < share
    )
    return grids


def full(num: int, side: int) -> torch.Tensor:
    return torch.ones(num, side, side, side, dtype=torch.bool)


def grids_of(*grids: np.ndarray) -> Voxels:
    num, side = len(grids), len(grids[0])
    zero = np.zeros(num, np.int64)
    return Voxels(
        bits=pack(np.stack(grids)),
        side=side,
        id=np.array([str(number) for number in range(num)]),
        label=zero,
        classes=("box",),
        group=zero,
        view=zero,
        official=np.array([""] * num),
        fingerprint="",
        row=np.arange(num),
    )


def test_damage_only_removes_cells_and_repeats_with_the_same_draws():
    voxels = random_grids(64, 10, share=0.6)
    seen = damage(voxels, SMALL, Draws.at(0))
    assert seen.dtype == torch.bool
    assert not (seen & ~voxels).any()
    assert seen.equal(damage(voxels, SMALL, Draws.at(0)))
    assert not seen.equal(damage(voxels, SMALL, Draws.at(1)))


def test_kinds_of_damage_come_in_their_shares_and_do_not_change_each_others_numbers():
    config = replace(SMALL, random=4.0, slices=3.0, half=2.0, view=1.0)
    voxels = random_grids(2000, 8, share=0.6)
    mixed = damage(voxels, config, Draws.at(0))
    pure = [damage(voxels, replace(config, **shares), Draws.at(0)) for shares in PURE.values()]
    same = torch.stack([(mixed == one).flatten(1).all(1) for one in pure])  # (kinds, N)
    assert (same.sum(0) == 1).all()
    for counted, share in zip(same.sum(1).tolist(), (0.4, 0.3, 0.2, 0.1), strict=True):
        assert counted == pytest.approx(2000 * share, abs=4 * math.sqrt(2000 * share * (1 - share)))


def test_random_damage_takes_fractions_evenly_up_to_the_largest():
    seen = damage(full(500, 12), replace(SMALL, most_random=0.6, **PURE["random"]), Draws.at(0))
    lost = 1 - seen.float().mean((1, 2, 3))
    # Even from 0.05 to 0.6, each blurred by a binomial of 1728 cells (0.012 at most).
    assert torch.histc(lost, 5, 0.05, 0.6).tolist() == pytest.approx([100] * 5, abs=36)
    assert lost.min() > 0.02
    assert lost.max() < 0.65


def test_slice_damage_takes_one_to_the_most_slices_along_one_axis():
    seen = damage(full(300, 8), replace(SMALL, most_slices=3, **PURE["slices"]), Draws.at(0))
    counts = []
    for grid in seen.numpy():
        empty = [8 - grid.any(others).sum() for others in ((1, 2), (0, 2), (0, 1))]
        assert sorted(empty)[:2] == [0, 0]
        assert grid.sum() == 8 * 8 * (8 - max(empty))
        counts.append(max(empty))
    assert np.bincount(counts).tolist() == pytest.approx([0, 100, 100, 100], abs=33)


def test_half_damage_takes_one_side_of_a_plane_through_the_centre():
    lost = ~damage(full(50, 8), replace(SMALL, **PURE["half"]), Draws.at(0))
    assert not (lost & lost.flip(1, 2, 3)).any()  # of a cell and the one across the centre, one goes
    assert (lost | lost.flip(1, 2, 3)).all()


def test_view_damage_leaves_surface_cells_of_at_most_three_faces():
    seen = damage(full(50, 8), replace(SMALL, **PURE["view"]), Draws.at(0))
    assert not seen[:, 1:-1, 1:-1, 1:-1].any()
    assert not (seen[:, 0, 1:-1, 1:-1].flatten(1).any(1) & seen[:, -1, 1:-1, 1:-1].flatten(1).any(1)).any()
    assert not (seen[:, 1:-1, 0, 1:-1].flatten(1).any(1) & seen[:, 1:-1, -1, 1:-1].flatten(1).any(1)).any()
    assert not seen[:, 1:-1, 1:-1, 0].any()  # the camera is never below
    assert seen.flatten(1).any(1).all()


def test_two_processes_damage_and_learn_as_one():
    method, voxels = build(), random_grids(8, 10, rim=1)
    draws = [Draws.at(0, rank=rank, world_size=2) for rank in range(2)]
    parts = [damage(half, SMALL, own) for half, own in zip(voxels.split(4), draws, strict=True)]
    assert torch.cat(parts).equal(damage(voxels, SMALL, Draws.at(0)))
    with torch.no_grad():
        one = method.step({"voxels": voxels}, Draws.at(1)).players["repair"]
        two = [
            method.step({"voxels": half}, Draws.at(1, rank=rank, world_size=2)).players["repair"]
            for rank, half in enumerate(voxels.split(4))
        ]
    torch.testing.assert_close((two[0] + two[1]) / 2, one, rtol=1e-5, atol=0)


@pytest.mark.parametrize(("side", "rim", "inner"), [(22, 3, 16), (32, 2, 32), (30, 0, 32), (30, 3, 24), (9, 1, 8)])
def test_cropping_cuts_the_rim_off_fills_up_to_eights_and_is_undone(side, rim, inner):
    method, voxels = build(replace(SMALL, cells=side, rim=rim)), random_grids(2, side, rim)
    cropped = method._crop(voxels)
    assert cropped.shape == (2, inner, inner, inner)
    assert cropped.sum() == voxels.sum()
    assert method._uncrop(cropped).equal(voxels)
    with torch.no_grad():
        assert method.repair(voxels).shape == voxels.shape


def test_configured_finds_the_cells_that_are_empty_in_all_grids():
    one, other = np.zeros((2, 22, 22, 22), bool)
    one[6:16, 5:18, 4:11] = True  # leaves 6 and 6, 5 and 4, 4 and 11
    other[9, 7:9, 6:12] = True
    config = VoxelUNet.configured(SMALL, grids_of(one, other))
    assert config == replace(SMALL, cells=22, rim=4)


@pytest.mark.parametrize("axis", [0, 1, 2])
@pytest.mark.parametrize("place", [2, 17])
def test_configured_counts_the_reach_along_every_axis(axis, place):
    grid = np.zeros((20, 20, 20), bool)
    grid[8:12, 8:12, 8:12] = True
    cell = [10, 10, 10]
    cell[axis] = place
    grid[tuple(cell)] = True
    assert VoxelUNet.configured(SMALL, grids_of(grid)).rim == 2


def test_configured_learns_nothing_from_grids_without_a_cell():
    assert VoxelUNet.configured(SMALL, grids_of(np.zeros((10, 10, 10), bool))) == SMALL


@torch.no_grad()
def test_grids_of_another_side_are_refused_with_advice():
    method, voxels = build(), random_grids(2, 12, 1)
    for read in (method.repair, lambda grids: method.encode({"voxels": grids})):
        with pytest.raises(DataError, match="10 cells a side; these have 12: resample them with --side 10"):
            read(voxels)


@torch.no_grad()
def test_repair_keeps_what_is_seen_and_leaves_the_rim_as_it_is():
    method = build(replace(SMALL, cells=22, rim=3))
    voxels = random_grids(2, 22)
    repaired = method.repair(voxels)
    assert (repaired[voxels] == 1).all()
    inner = torch.zeros_like(voxels)
    inner[:, 3:-3, 3:-3, 3:-3] = True
    assert repaired[~inner].equal(voxels[~inner].float())
    unseen = repaired[inner & ~voxels]
    assert 0 < unseen.min() < 0.4 < 0.6 < unseen.max() < 1


@torch.no_grad()
def test_repair_of_a_shape_does_not_depend_on_the_rest_of_the_batch():
    method, voxels = build(), random_grids(3, 10, 1)
    torch.testing.assert_close(method.repair(voxels)[:1], method.repair(voxels[:1]), rtol=0, atol=1e-5)


@torch.no_grad()
def test_averaged_repair_turns_and_mirrors_with_the_shape():
    voxels, apart = random_grids(2, 10, 1), []
    for symmetries in (8, 1):
        method = build(replace(SMALL, symmetries=symmetries))
        upright = method.repair(voxels)
        numbers = torch.arange(NUM_SYMMETRIES)[:, None].expand(-1, 2)
        turned = [undo_symmetry(method.repair(apply_symmetry(voxels, number)), number) for number in numbers]
        apart.append(max((one - upright).abs().max().item() for one in turned))
    assert apart[0] < 1e-5
    assert apart[1] > 0.1  # the network by itself does not


@torch.no_grad()
def test_blend_begins_and_ends_with_the_reconstructions_and_mixes_features_between():
    method = build(replace(SMALL, symmetries=1))
    first, second = random_grids(2, 10, 1).split(1)
    torch.testing.assert_close(method.blend(first, second, 0.0), method.repair(first), rtol=0, atol=1e-5)
    torch.testing.assert_close(method.blend(first, second, 1.0), method.repair(second), rtol=0, atol=1e-5)
    ends = zip(*(method._encode(method._crop(end)) for end in (first, second)), strict=True)
    decoded = method._uncrop(method._decode(*((one + other) / 2 for one, other in ends)).sigmoid())
    both, either = first & second, first ^ second
    wanted = torch.where(both, 1.0, torch.where(either, decoded.clamp_min(0.5), decoded))
    torch.testing.assert_close(method.blend(first, second, 0.5), wanted, rtol=0, atol=1e-5)


def test_loss_is_the_cross_entropy_of_the_unseen_cells_alone(monkeypatch):
    method, voxels = build(), random_grids(2, 10, 1)
    draws = Draws.at(3)
    whole = apply_symmetry(voxels, draws.integers(0, 8, 2))
    seen = damage(whole, SMALL, draws)
    target, known = (grid[:, 1:-1, 1:-1, 1:-1].numpy() for grid in (whole, seen))
    logits = torch.randn(2, 8, 8, 8, generator=torch.Generator().manual_seed(2))
    total, wrong = 0.0, 0
    for place in np.ndindex(2, 8, 8, 8):
        if not known[place]:
            probability = 1 / (1 + math.exp(-logits[place]))
            total -= math.log(probability if target[place] else 1 - probability)
            wrong += (probability > 0.5) != target[place]
    with torch.no_grad():
        for changed in (logits, torch.where(torch.from_numpy(known), -9.0, logits)):
            monkeypatch.setattr(method, "_decode", lambda *_, changed=changed: changed)
            losses = method.step({"voxels": voxels}, Draws.at(3))
            assert losses.players["repair"].item() == pytest.approx(total / (1000 * 2), rel=1e-5)
            assert losses.log["wrong_cells"].item() == wrong / 2


def test_rate_warms_up_and_falls_along_a_cosine_to_zero():
    optimization = build(replace(SMALL, learning_rate=1.0, warm_up=0.1)).optimizations(40)["repair"]
    rates = []
    for _ in range(41):
        rates.append(optimization.optimizer.param_groups[0]["lr"])
        optimization.optimizer.step()
        optimization.schedule.step()
    assert rates[:5] == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0])
    assert rates[4 + 12] == pytest.approx(0.75)  # a third of the way down is a sixth of a turn
    assert rates[4 + 18] == pytest.approx(0.5)
    assert rates[40] == pytest.approx(0, abs=1e-12)
    assert all(later < earlier for earlier, later in pairwise(rates[4:]))


def test_weight_decay_shrinks_weights_and_leaves_biases_and_norms():
    method = build(replace(SMALL, learning_rate=0.5, weight_decay=0.1, warm_up=0.5))
    for parameter in method.parameters():
        nn.init.ones_(parameter)
        parameter.grad = torch.zeros_like(parameter)
    optimization = method.optimizations(2)["repair"]
    optimization.optimizer.step()  # the first rate is half of the peak
    norms = {name for name, module in method.named_modules() if isinstance(module, nn.GroupNorm)}
    assert norms
    for name, parameter in method.named_parameters():
        module, _, kind = name.rpartition(".")
        kept = kind == "bias" or module in norms
        assert parameter.unique().item() == pytest.approx(1 if kept else 1 - 0.25 * 0.1), name


@torch.no_grad()
def test_layers_have_the_widths_that_their_levels_give():
    method = build(replace(SMALL, widths=(16, 32, 48), cells=30, rim=3))
    batch = VoxelUNet.example(2)
    fine, middle, coarse = method._encode(method._crop(batch["voxels"]))
    assert [tuple(level.shape[1:]) for level in (fine, middle, coarse)] == [
        (16, 12, 12, 12),
        (32, 6, 6, 6),
        (48, 3, 3, 3),
    ]
    assert method.encode(batch, "bottleneck").equal(coarse.reshape(2, -1))
    stages = method.encode(batch, "stages")
    assert stages.shape == (2, 2 * (16 + 32 + 48))
    torch.testing.assert_close(stages[:, 32:64], middle.flatten(2).mean(2))
    torch.testing.assert_close(stages[:, 64:96], middle.flatten(2).max(2)[0])
    blocks = method.encode(batch, "middle").view(2, 32, 3, 3, 3)
    torch.testing.assert_close(blocks[:, :, 1, 0, 2], middle[:, :, 2:4, :2, 4:].flatten(2).mean(2))
    with pytest.raises(UsageError, match="bottleneck, stages, middle"):
        method.encode(batch, "fc9")


@pytest.mark.parametrize("name", sorted(recipes("voxel-unet")))
def test_recipes_keep_to_the_limits_that_the_config_states(name):
    recipe = recipes("voxel-unet")[name]()
    config = recipe.config
    shares = (config.random, config.slices, config.half, config.view)
    assert min(shares) >= 0
    assert sum(shares) > 0
    assert all(width % 16 == 0 for width in config.widths)
    assert 1 <= config.symmetries <= NUM_SYMMETRIES
    assert 0.05 <= config.most_random <= 1
    assert 1 <= config.most_slices <= config.cells
    assert 0 <= config.warm_up < 1
    with torch.device("meta"):
        assert sum(parameter.numel() for parameter in VoxelUNet(config).parameters()) < 50_000_000
