"""The protocol against plain means over samples, with a method that is known by heart."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import DataError
from lessup.evaluation.pretext import SEED, Pretext
from lessup.methods import Losses, Method
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split
from lessup.transforms.draws import Draws


class Redness(Method):
    """Guesses how red an image is; half of what it sees is noise."""

    @dataclass(frozen=True)
    class Config:
        start: float = 0.0

    paper = "none"
    reads = ("image",)
    layers = ("mean",)
    chance: ClassVar = {"error": 0.5, "not_logged": 1.0}

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.guess = nn.Parameter(torch.full((), self.config.start))

    @classmethod
    def example(cls, batch_size):
        return {"image": torch.rand(batch_size, 3, 4, 4)}

    def step(self, batch, draws) -> Losses:
        assert not self.training
        red = batch["image"][:, 0].mean((1, 2)) + draws.normal(len(batch["image"]))
        return Losses({"guess": (red - self.guess).square().mean()}, {"error": (red - self.guess).abs().mean()})

    def encode(self, batch, layer=None):
        return batch["image"].mean((2, 3))

    def optimizations(self, num_steps):
        return {}


def photos(num=10, channels=3, labels=None) -> Images:
    pixels = np.random.default_rng(0).integers(0, 256, (num, 6, 5, channels), np.uint8)
    pixels[..., 0] //= 4  # little red
    return Images(
        pixels=Ragged.of(list(pixels)),
        id=np.array([f"{number}" for number in range(num)]),
        label=np.zeros(num, np.int64) if labels is None else np.array(labels),
        classes=("photo",),
        group=np.arange(num),
        official=np.full(num, ""),
        fingerprint="photos",
    )


def held_out(samples: Images) -> Split:
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


@pytest.fixture
def trained() -> Redness:
    return Redness(Redness.Config(start=0.25)).eval()


def test_every_value_is_the_mean_over_samples_whatever_the_batches(trained):
    result = Pretext(Pretext.Config(batch_size=4)).measure(trained, held_out(photos()))
    losses, errors = [], []
    for number, part in enumerate([range(0, 4), range(4, 8), range(8, 10)]):
        noise = Draws.at(SEED, number).normal(len(part))
        for place, index in enumerate(part):
            red = float(photos().pixels[index][..., 0].astype(np.float64).mean()) / 255 + float(noise[place])
            losses.append((red - 0.25) ** 2)
            errors.append(abs(red - 0.25))
    assert result.rows["model"]["loss"].mean == pytest.approx(np.mean(losses), rel=1e-5)
    assert result.rows["model"]["error"].mean == pytest.approx(np.mean(errors), rel=1e-5)
    assert set(result.rows["model"]) == {"loss", "error"}


def test_random_weights_and_chance_stand_beside_the_model(trained):
    trained.guess.data.fill_(100.0)
    rows = Pretext().measure(trained, held_out(photos())).rows
    assert list(rows) == ["chance", "random", "model"]
    assert rows["chance"] == {"error": rows["chance"]["error"]}
    assert rows["chance"]["error"].mean == 0.5
    assert rows["random"]["error"].mean < 3 < 90 < rows["model"]["error"].mean
    trained.chance = {}
    assert list(Pretext().measure(trained, held_out(photos())).rows) == ["random", "model"]


def test_scrambled_images_have_no_channel_in_its_place(trained):
    rows = Pretext(Pretext.Config(scrambled=True, repeats=300)).measure(trained, held_out(photos())).rows
    means = photos().pixels.flat.reshape(-1, 3).mean(0) / 255
    assert set(rows["model"]) == {"loss", "error", "loss_scrambled", "error_scrambled"}
    assert set(rows["chance"]) == {"error", "error_scrambled"}
    # The noise adds its variance of 1 to the squared error.
    assert rows["model"]["loss"].mean == pytest.approx((means[0] - 0.25) ** 2 + 1, abs=0.06)
    assert rows["model"]["loss_scrambled"].mean == pytest.approx((means[1:].mean() - 0.25) ** 2 + 1, abs=0.1)


def test_repeats_give_a_spread(trained):
    once = Pretext().measure(trained, held_out(photos())).rows["model"]["error"]
    thrice = Pretext(Pretext.Config(repeats=3)).measure(trained, held_out(photos())).rows["model"]["error"]
    assert (once.n, once.std) == (1, 0.0)
    assert thrice.n == 3
    assert thrice.std > 0


def test_unlabelled_images_are_left_out_where_labels_are_read(trained):
    mixed = photos(labels=[0] * 8 + [-1] * 2)
    assert Pretext().measure(trained, held_out(mixed)).notes == ()
    trained.reads = ("image", "label")
    result = Pretext().measure(trained, held_out(mixed))
    assert result.notes == ("2 of 10 samples have no label and are left out",)
    wanted = Pretext().measure(trained, held_out(mixed.take(np.arange(8))))
    assert result.rows["model"]["loss"] == wanted.rows["model"]["loss"]


def test_data_that_cannot_be_measured_is_refused(trained):
    with pytest.raises(DataError, match="no held-out"):
        Pretext().measure(trained, held_out(photos().take(np.arange(0))))
    with pytest.raises(DataError, match="scrambled"):
        Pretext(Pretext.Config(scrambled=True)).measure(trained, held_out(photos(channels=1)))
    trained.reads = ("voxels",)
    with pytest.raises(DataError, match="reads voxels"):
        Pretext().measure(trained, held_out(photos()))
