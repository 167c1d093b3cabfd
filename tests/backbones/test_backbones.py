import re
from itertools import chain
from pathlib import Path

import pytest
import torch
from torch import nn

from lessup import backbones
from lessup.backbones import Aside, Backbone
from lessup.errors import UsageError

NAMES = sorted(backbones.factories())


@pytest.fixture
def doubling() -> Backbone:
    class Double(nn.Module):
        def forward(self, x):
            return 2 * x

    stages = {"one": Double(), "seen": Aside(nn.Flatten(), Double()), "two": Double()}
    return Backbone(stages, side=2, channels=1, default="two", mean=(0.5,), std=(0.1,))


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("channels", [1, 3])
def test_every_backbone_says_the_shapes_of_its_layers_for_any_channels(name, channels):
    backbone = backbones.build(name, channels=channels)
    assert backbone.default in backbone.layers
    assert not isinstance(backbone.stages[backbone.layers[-1]], Aside)
    x = backbone.normalised(torch.rand(1, channels, *backbone.size))
    with torch.no_grad():
        found = backbone.eval().features(x, backbone.layers)
    assert {layer: tuple(value.shape[1:]) for layer, value in found.items()} == backbone.shapes


def table():
    """Name, side, layers, parameters and default layer of every backbone in the table of the docs."""
    page = Path(__file__).parents[2] / "docs/backbones.md"
    for line in re.findall(r"^\| `[a-z].*\|$", page.read_text().split("\n## ")[0], re.MULTILINE):
        names, side, layers, parameters, default = (cell.strip() for cell in line.strip("|").split("|"))
        counts = re.findall(r"[\d,]+\d", parameters)
        for name, count in zip(re.findall(r"`([^`:]+)`", names), counts, strict=True):
            yield name, int(side), layers.split(", "), int(count.replace(",", "")), default


@pytest.mark.slow
def test_table_of_the_docs_says_what_the_code_has():
    rows = [*table()]
    assert sorted(row[0] for row in rows) == NAMES
    for name, side, layers, count, default in rows:
        backbone = backbones.build(name, channels=3)
        counted = sum(weight.numel() for weight in backbone.parameters())
        assert (backbone.side, counted, backbone.default) == (side, count, default), name
        ends = [re.fullmatch(r"(\w+?)(\d+)-\1(\d+)", layer) for layer in layers]
        named = [
            [f"{end[1]}{number}" for number in range(int(end[2]), int(end[3]) + 1)] if end else [layer]
            for layer, end in zip(layers, ends, strict=True)
        ]
        assert tuple(chain(*named)) == backbone.layers, name


def test_known_backbones_are_there():
    assert {"alexnet-small", "alexnet-caffe", "resnet18", "resnet50", "resnet18-small", "vit-s"} <= set(NAMES)


def test_unknown_backbone_is_refused_with_the_known_ones():
    with pytest.raises(UsageError, match="no backbone called 'alexnet': choose among alexnet-bigan"):
        backbones.build("alexnet", channels=3)


def test_a_stage_aside_is_seen_and_not_passed_on(doubling):
    x = torch.ones(1, 1, 2, 2)
    found = doubling.features(x, ("seen", "two"))
    assert found["seen"].tolist() == [[4, 4, 4, 4]]
    assert found["two"].equal(4 * x)
    assert doubling(x).equal(4 * x)


def test_stages_until_a_layer_are_the_same_modules(doubling):
    part = doubling.until("one")
    assert part.layers == ("one",)
    assert part.default == "one"
    assert part.stages["one"] is doubling.stages["one"]
    with pytest.raises(UsageError, match="no layer 'three'"):
        doubling.until("three")


def test_stages_keep_their_modes_when_a_backbone_is_cut(doubling):
    doubling.train()
    doubling.stages["one"].eval()
    part = doubling.until("one")
    assert part.training
    assert not part.stages["one"].training
    assert doubling.training
    assert doubling.stages["two"].training
    doubling.eval()
    assert not any(module.training for module in [*doubling.until("one").modules(), *doubling.modules()])
    doubling.train()


def test_other_stages_take_the_place_of_those_that_are_left_out(doubling):
    part = doubling.until("one", then={"flat": nn.Flatten()})
    assert part.layers == ("one", "flat")
    assert part.default == "flat"
    assert part.shapes["flat"] == (4,)
    assert part(torch.ones(1, 1, 2, 2)).tolist() == [[2, 2, 2, 2]]


def test_forward_goes_on_after_any_stage(doubling):
    x = torch.ones(1, 1, 2, 2)
    assert [doubling(x, after=layer)[0, 0, 0, 0].item() for layer in (None, "one", "two")] == [4, 2, 1]


def test_normalised_images_have_mean_0_and_deviation_1(doubling):
    assert doubling.normalised(torch.tensor([[[[0.5, 0.6]]]])).flatten().tolist() == pytest.approx([0, 1])
