"""Neighbours of patches against plain loops, on images whose colour is their class."""

from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from torch import nn

from lessup.backbones import Backbone
from lessup.errors import DataError, UsageError
from lessup.evaluation.patch_neighbors import SHOWN, PatchNeighbors, cut
from lessup.methods import ImageEncoder, Losses
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split


class Halves(nn.AdaptiveAvgPool2d):
    """Mean colours of the left and the right half, times a weight that begins at 0."""

    def __init__(self) -> None:
        super().__init__((1, 2))
        self.weight = nn.Parameter(torch.zeros(()))

    def forward(self, x):
        return super().forward(x) * self.weight


class Colours(ImageEncoder):
    """Its only layer tells the colours of an image."""

    @dataclass(frozen=True)
    class Config:
        pass

    paper = "none"
    reads = ("image", "extent")

    def __init__(self, config: Config | None = None) -> None:
        super().__init__()
        self.config = config or self.Config()
        self.backbone = Backbone({"halves": Halves()}, side=8, channels=3, default="halves")

    @classmethod
    def example(cls, batch_size):
        return {"image": torch.rand(batch_size, 3, 8, 8), "extent": torch.full((batch_size, 2), 8)}

    def step(self, batch, draws) -> Losses:
        return Losses({})

    def optimizations(self, num_steps):
        return {}


def photos(num=30, seed=0) -> Images:
    """Class 0 is red, class 1 green, class 2 blue, each image a little different and of its own size."""
    generator = np.random.default_rng(seed)
    label = np.arange(num) % 3
    arrays = []
    for kind in label:
        pixels = generator.integers(0, 30, (*generator.integers(20, 60, 2), 3), np.uint8)
        pixels[..., kind] += 200
        arrays.append(pixels)
    return Images(
        pixels=Ragged.of(arrays),
        id=np.array([f"{number:02}" for number in range(num)]),
        label=label,
        classes=("red", "green", "blue"),
        group=np.arange(num),
        official=np.full(num, ""),
        fingerprint="photos",
    )


def held_out(samples: Images) -> Split:
    nothing = samples.take(np.arange(0))
    return Split(nothing, nothing, samples)


@pytest.fixture
def trained() -> Colours:
    method = Colours().eval()
    method.backbone.stages.halves.weight.data.fill_(1.0)
    return method


def test_patches_are_squares_of_their_image_at_the_place_that_is_told():
    images = photos()
    patches = cut(images, 0.5, seed=3)
    for index in range(len(images)):
        patch, image = patches.images.pixels[index], images.pixels[index]
        height, width = image.shape[:2]
        size = round(0.5 * min(height, width))
        assert patch.shape == (size, size, 3)
        left, top = (
            round(float(place) * length - size / 2)
            for place, length in zip(patches.place[index], (width, height), strict=True)
        )
        assert np.array_equal(patch, image[top : top + size, left : left + size])
    assert cut(images, 0.5, seed=3).place.tolist() == patches.place.tolist() != cut(images, 0.5, seed=4).place.tolist()


def test_features_of_colour_find_the_class_and_random_weights_of_0_do_not(trained):
    rows = PatchNeighbors().measure(trained, held_out(photos())).rows
    assert list(rows) == ["chance", "pixels", "random", "model"]
    assert rows["model"]["same_class"].mean == 100
    assert rows["random"]["same_class"].mean < 60
    assert rows["chance"]["same_class"].mean == pytest.approx(100 * 9 / 29)


def test_scores_equal_plain_loops(trained):
    images = photos(seed=1)
    config = PatchNeighbors.Config(neighbors=2, seed=5)
    rows = PatchNeighbors(config).measure(trained, held_out(images)).rows
    patches = cut(images, config.share, config.seed)
    values = []
    for index in range(len(images)):
        pixels = patches.images.pixels[index].astype(np.float64) / 255
        half = pixels.shape[1] / 2
        weight = np.clip(half - np.arange(pixels.shape[1]), 0, 1)[:, None]
        line = pixels.mean(0)
        left = (line * weight).sum(0) / weight.sum()
        right = (line * (1 - weight)).sum(0) / (1 - weight).sum()
        values.append(np.concatenate([left, right]) * 4 - 2)  # the backbone's mean is 0.5, its deviation 0.25
    same, apart = [], []
    for query in range(len(images)):
        cosine = [
            -np.inf
            if other == query
            else np.dot(values[query], values[other]) / np.linalg.norm(values[query]) / np.linalg.norm(values[other])
            for other in range(len(images))
        ]
        for found in np.argsort(cosine)[::-1][:2]:
            same.append(images.label[found] == images.label[query])
            apart.append(np.hypot(*(patches.place[found] - patches.place[query])))
    assert rows["model"]["same_class"].mean == pytest.approx(100 * np.mean(same))
    assert rows["model"]["apart"].mean == pytest.approx(100 * np.mean(apart), rel=0.1)


def test_chance_of_the_distance_is_that_of_all_pairs(trained):
    images = photos(90)
    rows = PatchNeighbors().measure(trained, held_out(images)).rows
    place = cut(images, 0.25, 0).place.astype(np.float64)
    wanted = [np.hypot(*(place[a] - place[b])) for a in range(90) for b in range(90) if a != b]
    assert rows["chance"]["apart"].mean == pytest.approx(100 * np.mean(wanted), rel=0.05)


def test_figures_hold_the_patches_of_queries_and_neighbours(trained):
    config = PatchNeighbors.Config(queries=5, neighbors=3)
    figures = PatchNeighbors(config).measure(trained, held_out(photos())).figures
    assert figures["query_patch"].shape == (5, SHOWN, SHOWN, 3)
    for row in ("model", "random"):
        assert figures[f"{row}_patch"].shape == (5, 3, SHOWN, SHOWN, 3)
        assert (figures[f"{row}_id"] != figures["query_id"][:, None]).all()
    assert (np.diff(figures["model_cosine"], axis=1) <= 1e-6).all()
    for patch, label in zip(figures["query_patch"], figures["query_label"], strict=True):
        assert patch.mean((0, 1)).argmax() == label
    assert (figures["model_label"] == figures["query_label"][:, None]).all()


def test_layer_is_noted_and_images_without_labels_have_no_class_to_share(trained):
    unlabelled = replace(photos(), label=np.full(30, -1))
    result = PatchNeighbors().measure(trained, held_out(unlabelled))
    assert result.notes == ("layer halves",)
    assert set(result.rows["model"]) == {"apart"}
    with pytest.raises(UsageError, match="no layer 'fc7'"):
        PatchNeighbors(PatchNeighbors.Config(layer="fc7")).measure(trained, held_out(photos()))
    with pytest.raises(DataError, match="4 neighbours need more"):
        PatchNeighbors().measure(trained, held_out(photos(3)))


def test_large_data_are_thinned_evenly(trained):
    figures = PatchNeighbors(PatchNeighbors.Config(images=10)).measure(trained, held_out(photos())).figures
    assert set(figures["query_id"]) == {f"{round(number * 29 / 9):02}" for number in range(10)}
