from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch import nn

from lessup.errors import DataError, UsageError
from lessup.features import encode_all, encode_layers, load, raw_cells, save, untrained
from lessup.methods import Losses, Method
from lessup.samples.voxels import Voxels, pack


class Sums(Method):
    """Encodes how many cells there are, times a random weight."""

    @dataclass(frozen=True)
    class Config:
        width: int = 3

    paper = "none"
    reads = ("voxels",)
    layers = ("sum", "two")

    def __init__(self, config):
        super().__init__()
        self.config = config
        self.weight = nn.Parameter(torch.randn(config.width))

    @classmethod
    def example(cls, batch_size):
        return {"voxels": torch.ones(batch_size, 4, 4, 4, dtype=torch.bool)}

    def step(self, batch, draws):
        return Losses({"all": self.encode(batch).sum()})

    def encode(self, batch, layer=None):
        return batch["voxels"].flatten(1).sum(1, keepdim=True) * self.weight * (2 if layer == "two" else 1)

    def optimizations(self, num_steps):
        return {}


@pytest.fixture
def grids():
    filled = np.zeros((5, 4, 4, 4), bool)
    for number in range(5):
        filled[number].flat[: number + 1] = True
    return Voxels(
        bits=pack(filled),
        side=4,
        id=np.array(list("abcde")),
        label=np.array([0, 1, -1, 0, 1]),
        classes=("one", "two"),
        group=np.arange(5),
        view=np.zeros(5, np.int64),
        official=np.full(5, ""),
        fingerprint="",
        row=np.arange(5),
    )


@pytest.mark.parametrize("batch_size", [1, 2, 5, 64])
def test_features_are_in_the_order_of_the_samples_whatever_the_batch(grids, batch_size):
    method = Sums(Sums.Config())
    features = encode_all(method, grids, layer="two", batch_size=batch_size)
    wanted = 2 * np.arange(1, 6)[:, None] * method.weight.detach().numpy()
    assert features.dtype == np.float32
    np.testing.assert_allclose(features, wanted, rtol=1e-6)


def test_several_layers_are_encoded_together_as_each_alone(grids):
    method = Sums(Sums.Config())
    together = encode_layers(method, grids, ("two", "sum"), batch_size=2)
    assert list(together) == ["two", "sum"]
    for layer, features in together.items():
        np.testing.assert_array_equal(features, encode_all(method, grids, layer=layer))


def test_a_layer_that_does_not_exist_is_refused(grids):
    with pytest.raises(UsageError, match="no layer 'three'"):
        encode_layers(Sums(Sums.Config()), grids, ("three",))


def test_features_that_are_not_finite_are_refused(grids):
    method = Sums(Sums.Config())
    nn.init.constant_(method.weight, float("nan"))
    with pytest.raises(DataError, match="not finite"):
        encode_all(method, grids)


def test_nothing_to_encode_is_refused(grids):
    with pytest.raises(DataError, match="no samples"):
        encode_all(Sums(Sums.Config()), grids.take(np.arange(0)))


def test_raw_cells_are_the_grids_in_order(grids):
    cells = raw_cells(grids)
    np.testing.assert_array_equal(cells, np.arange(64) <= np.arange(5)[:, None])


def test_untrained_is_the_same_network_with_weights_from_the_seed():
    method = Sums(Sums.Config(width=4))
    before = torch.random.get_rng_state()
    first, again, other = (untrained(method, seed) for seed in (0, 0, 1))
    assert torch.random.get_rng_state().equal(before)
    assert isinstance(first, Sums)
    assert first.weight.equal(again.weight)
    assert not first.weight.equal(other.weight)
    assert not first.weight.equal(method.weight)
    assert not first.training


def test_what_is_saved_is_loaded(grids, tmp_path):
    features = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    save(tmp_path / "features.npz", features, grids)
    loaded = load(tmp_path / "features.npz")
    np.testing.assert_array_equal(loaded.x, features)
    assert loaded.id.tolist() == list("abcde")
    assert loaded.label.tolist() == [0, 1, -1, 0, 1]
    assert loaded.classes == ("one", "two")


def test_arrays_that_do_not_fit_together_are_refused(tmp_path):
    path = tmp_path / "features.npz"
    np.savez(
        path, x=np.ones((3, 2), np.float32), id=np.array(["a"]), label=np.zeros(3, np.int64), classes=np.array(["k"])
    )
    with pytest.raises(DataError, match="not what `lessup encode` writes"):
        load(path)


def test_pickled_names_are_refused(tmp_path):
    path = tmp_path / "features.npz"
    names = np.array(["a", None], dtype=object)
    np.savez(path, x=np.ones((2, 2), np.float32), id=names, label=np.zeros(2, np.int64), classes=np.array(["k"]))
    with pytest.raises(DataError, match="pickled"):
        load(path)
