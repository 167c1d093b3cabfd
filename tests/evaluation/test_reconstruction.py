from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lessup.backbones import Backbone
from lessup.errors import DataError
from lessup.evaluation.reconstruction import Reconstruction
from lessup.methods import ImageGenerator, Losses, Reconstructor
from lessup.optimization import Optimization
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split
from lessup.transforms.crops import resize_whole

SIDE = 4


class Fading(Reconstructor):
    """Gives images back darker by a learned factor."""

    @dataclass(frozen=True)
    class Config:
        keep: float = 0.5

    paper = "none"
    reads = ("image", "extent")
    side = SIDE

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.backbone = Backbone({"flat": nn.Flatten()}, side=SIDE, channels=1, default="flat")
        self.keep = nn.Parameter(torch.tensor(self.config.keep))

    @classmethod
    def example(cls, batch_size: int) -> dict[str, Tensor]:
        return {"image": torch.rand(batch_size, 1, SIDE, SIDE), "extent": torch.full((batch_size, 2), SIDE)}

    def reconstruct(self, batch) -> Tensor:
        return self.keep * resize_whole(batch["image"], batch["extent"], (SIDE, SIDE))

    def step(self, batch, draws) -> Losses:
        return Losses({"all": self.keep**2})

    def optimizations(self, num_steps) -> dict[str, Optimization]:
        return {"all": Optimization(torch.optim.SGD(self.parameters(), 0.1))}


class Drawing(Fading, ImageGenerator):
    def draw(self, count, draws) -> Tensor:
        return draws.uniform(count, 1, SIDE, SIDE)


def images(count) -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (count, SIDE, SIDE, 1), np.uint8)
    zero = np.zeros(count, np.int64)
    return Images(
        pixels=Ragged.of(list(pixels)),
        id=np.array([f"image_{number}" for number in range(count)]),
        label=zero,
        classes=("any",),
        group=np.arange(count),
        official=np.full(count, "test"),
        fingerprint="images",
    )


def measured(method, count=6, **settings):
    test = images(count)
    split = Split(train=test.take(np.arange(0)), validation=test.take(np.arange(0)), test=test)
    return test, Reconstruction(Reconstruction.Config(**settings)).measure(method.eval(), split)


def test_distances_are_those_counted_by_loops():
    method = Fading(Fading.Config(keep=0.5))
    with torch.no_grad():
        method.keep.fill_(0.9)  # as if trained
    test, result = measured(method)
    order = np.random.default_rng(0).permutation(6)
    whole = [test.pixels[int(index)].astype(float).ravel() / 255 for index in order]
    for row, back in {
        "model": [0.9 * image for image in whole],
        "random": [0.5 * image for image in whole],
        "mean_image": [sum(whole) / 6] * 6,
    }.items():
        own = [np.linalg.norm(a - b) for a, b in zip(back, whole, strict=True)]
        other = [np.linalg.norm(a - b) for a, b in zip(back, [*whole[1:], whole[0]], strict=True)]
        assert result.rows[row]["distance"].mean == pytest.approx(np.mean(own), rel=1e-5)
        assert result.rows[row]["distance_other"].mean == pytest.approx(np.mean(other), rel=1e-5)


def test_pictures_are_the_images_and_what_came_back():
    test, result = measured(Fading(), pictures=3, images=5)
    order = np.random.default_rng(0).permutation(6)[:3]
    assert result.figures["example_id"].tolist() == test.id[order].tolist()
    for place, index in enumerate(order):
        assert (result.figures["example_truth"][place] == test.pixels[int(index)]).all()
        assert abs(result.figures["example_model"][place] - test.pixels[int(index)] / 2).max() <= 1
    assert "drawn" not in result.figures


def test_methods_that_make_images_show_some():
    _, result = measured(Drawing(), pictures=3)
    assert result.figures["drawn"].shape == (3, SIDE, SIDE, 1)
    assert (result.figures["drawn"] == measured(Drawing(), pictures=3)[1].figures["drawn"]).all()


def test_one_image_has_no_other():
    with pytest.raises(DataError, match="two images or more"):
        measured(Fading(), count=1)
