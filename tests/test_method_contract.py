"""What every method promises, whatever it does: a new module under methods/ is tested the moment it exists."""

import dataclasses
import re
from pathlib import Path

import pytest
import torch

from lessup import discovery, methods
from lessup.cli import main
from lessup.cli.train import TrainFlags
from lessup.methods import Method, Recipe, ShapeAutoencoder
from lessup.runs import Training
from lessup.samples import Reading
from lessup.samples.given_labels import GivenLabels
from lessup.samples.splits import Folds
from lessup.transforms.draws import Draws

ROOT = Path(__file__).parent.parent
NAMES = discovery.names("methods")
AUTOENCODERS = [name for name in NAMES if issubclass(methods.load(name), ShapeAutoencoder)]
DTYPES = {
    "voxels": torch.bool,
    "label": torch.int64,
    "image": torch.float32,
    "other": torch.float32,
    "pose": torch.float32,
    "extent": torch.int64,
    "mask": torch.int64,
    "pair": torch.int64,
    "texture": torch.float32,
    "tokens": torch.int64,
}
LARGE = ("deeplab",)
"""Methods whose published network takes minutes on a CPU; that of the recipe `cpu` stands in."""

PAIRED = ("video-triplets", "prototypical-networks", "matching-networks", "koch-siamese")
"""Methods that learn from two pairs of samples or more."""

IN_BATCHES = {"skip-gram": {"updates": "batch"}}
"""Settings with which methods that on a CPU move their weights within a step leave that to the optimiser."""

ZERO_AT_FIRST = {"skip-gram": "second"}
"""Weights that are 0 before the first update, so that those before them have no gradient yet."""


@pytest.fixture(scope="module")
def built():
    """Every method built once from its default config; tests leave the weights alone."""
    return {name: build(name, methods.recipes(name)["cpu"]().config if name in LARGE else None) for name in NAMES}


def build(name: str, config=None) -> Method:
    torch.manual_seed(0)
    kind = methods.load(name)
    method = kind(dataclasses.replace(config or kind.Config(), **IN_BATCHES.get(name, {})))
    if name in ZERO_AT_FIRST:
        torch.nn.init.normal_(getattr(method, ZERO_AT_FIRST[name]), std=0.1)
    return method


def example(name: str) -> dict[str, torch.Tensor]:
    torch.manual_seed(1)
    return methods.load(name).example(4 if name in PAIRED else 2)


@pytest.mark.parametrize("name", NAMES)
def test_example_batch_holds_what_the_method_reads(name):
    batch = example(name)
    assert set(methods.load(name).reads) == set(batch)
    for key, value in batch.items():
        assert len(value) == (4 if name in PAIRED else 2)
        assert value.dtype == DTYPES[key], key


@pytest.mark.parametrize("name", NAMES)
def test_paper_is_cited_with_authors_year_and_link(name):
    paper, docstring = methods.load(name).paper, discovery.module("methods", name).__doc__
    link, year = re.search(r"https://\S+", paper), re.search(r", ((19|20)\d\d),", paper)
    assert link, "no link"
    assert year, "no year"
    assert link[0] in docstring
    assert year[1] in docstring
    first_author = paper.split(",")[0]
    assert first_author in docstring


@pytest.mark.parametrize("name", NAMES)
def test_every_setting_of_the_config_is_a_flag_that_no_other_setting_of_a_run_has(name, capsys):
    others = (TrainFlags, Training, Reading, Folds, GivenLabels)
    taken = {field.name for kind in others for field in dataclasses.fields(kind)}
    own = {field.name for field in dataclasses.fields(methods.load(name).Config)}
    assert not own & taken
    with pytest.raises(SystemExit) as ended:
        main(["train", name, "--help"])
    assert ended.value.code == 0
    shown = re.findall(r"--[a-z0-9-]+", capsys.readouterr().out)
    assert {f"--{field.replace('_', '-')}" for field in own} <= set(shown)


@pytest.mark.parametrize("name", NAMES)
def test_config_is_frozen_and_keyword_only_and_documents_every_default(name):
    config = methods.load(name).Config
    assert config.__dataclass_params__.frozen
    told = "\n".join(kind.__doc__ or "" for kind in config.__mro__)
    for field in dataclasses.fields(config):
        assert field.kw_only, field.name
        assert field.default is not dataclasses.MISSING, field.name
        assert re.search(rf"^\s*{field.name}: ", told, re.MULTILINE), f"{field.name} is not documented"


@pytest.mark.parametrize("name", NAMES)
def test_recipes_hold_the_methods_own_config_and_show_their_command(name):
    recipes = methods.recipes(name)
    assert {"paper", "cpu"} <= set(recipes)
    for key, function in recipes.items():
        recipe = function()
        assert isinstance(recipe, Recipe)
        assert isinstance(recipe.config, methods.load(name).Config)
        assert isinstance(recipe.training, Training)
        assert f"lessup train {name} " in function.__doc__
        assert f"--recipe {key}" in function.__doc__


@pytest.mark.parametrize("name", NAMES)
def test_it_has_a_test_file_and_a_page(name):
    assert (ROOT / "tests" / "methods" / f"test_{name.replace('-', '_')}.py").is_file()
    page = (ROOT / "docs" / "methods" / f"{name}.md").read_text()
    assert f"lessup train {name} " in page
    assert methods.load(name).paper.rsplit(" ", 1)[1] in page, "the page lacks the link to the paper"


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_finite_scalars_that_reach_every_parameter_and_repeat(name, built):
    method, batch = built[name].train(), example(name)
    state = {key: value.clone() for key, value in method.named_buffers()}
    losses = method.step(batch, Draws.at(0))
    for key, value in {**losses.players, **losses.log}.items():
        assert value.shape == (), key
        assert value.isfinite(), key
    assert not any(value.requires_grad for value in losses.log.values())
    learnt = [(key, weight) for key, weight in method.named_parameters() if weight.requires_grad]
    names, parameters = zip(*learnt, strict=True)
    gradients = torch.autograd.grad(sum(losses.players.values()), parameters, allow_unused=True)
    for key, gradient in zip(names, gradients, strict=True):
        assert gradient is not None, f"{key} takes no part"
        assert gradient.isfinite().all(), key
        assert gradient.any(), f"the gradient of {key} is zero"
    method.load_state_dict(state, strict=False)  # after the gradients: they need the statistics of their step
    again = method.step(batch, Draws.at(0))
    assert all(again.players[player].equal(loss) for player, loss in losses.players.items())


@pytest.mark.parametrize("name", NAMES)
def test_losses_are_finite_in_half_precision_which_is_the_default_on_a_gpu(name):
    method = build(name, methods.recipes(name)["cpu"]().config).train()
    with torch.autocast("cpu", torch.bfloat16):
        losses = method.step(example(name), Draws.at(0))
    assert all(loss.isfinite() for loss in losses.players.values())
    sum(losses.players.values()).backward()
    assert all(weight.grad.isfinite().all() for weight in method.parameters() if weight.grad is not None)


@pytest.mark.parametrize("name", NAMES)
def test_the_loss_of_every_player_falls_on_one_batch_while_it_moves_alone(name, built):
    for player in built[name].optimizations(4):
        method, batch = build(name, methods.recipes(name)["cpu"]().config).train(), example(name)
        optimizations = method.optimizations(4)
        history = []
        for _ in range(4):
            losses = method.step(batch, Draws.at(0)).players
            assert set(losses) == set(optimizations)
            history.append(losses[player].item())
            optimizations[player].optimizer.zero_grad()
            losses[player].backward()
            optimizations[player].optimizer.step()
            if optimizations[player].schedule:
                optimizations[player].schedule.step()
        assert min(history[1:]) < history[0], (player, history)


@pytest.mark.parametrize("name", NAMES)
@torch.no_grad()
def test_encode_gives_a_row_a_sample_for_every_layer_the_first_by_default(name, built):
    method, batch = built[name].eval(), example(name)
    features = {layer: method.encode(batch, layer) for layer in method.layers}
    for layer, rows in features.items():
        assert rows.ndim == 2, layer
        assert len(rows) == len(next(iter(batch.values()))), layer
        assert rows.dtype == torch.float32, layer
        assert rows.isfinite().all(), layer
        assert not rows[0].equal(rows[1]), f"{layer} tells two samples nothing apart"
    assert method.encode(batch).equal(features[method.layers[0]])
    together = method.encode_layers(batch, method.layers[::-1])
    assert set(together) == set(method.layers)
    for layer, rows in together.items():
        assert rows.equal(features[layer]), f"{layer} differs when encoded with others"


@pytest.mark.parametrize("name", AUTOENCODERS)
@torch.no_grad()
def test_repair_gives_probabilities_and_blend_begins_and_ends_with_them(name, built):
    method, voxels = built[name].eval(), example(name)["voxels"]
    repaired = method.repair(voxels)
    assert repaired.shape == voxels.shape
    assert repaired.dtype == torch.float32
    assert 0 <= repaired.min() <= repaired.max() <= 1
    first, second = voxels[:1], voxels[1:]
    for weight, voxel in ((0.0, first), (1.0, second)):
        torch.testing.assert_close(method.blend(first, second, weight), method.repair(voxel), rtol=0, atol=1e-5)
