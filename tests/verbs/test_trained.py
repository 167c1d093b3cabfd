import numpy as np
import pytest
import torch

from lessup import data, verbs
from lessup.errors import DataError, UsageError
from lessup.features import load as load_features


def test_encoded_features_are_those_of_the_network_for_the_named_layer(run, shapes, tmp_path):
    found = load_features(verbs.encode(run.path, str(shapes), tmp_path / "features.npz", layer="stages"))
    samples = data.load(shapes)
    _, method = verbs.load(run.path)
    with torch.inference_mode():
        wanted = method.encode(samples.batch(range(len(samples))), "stages").numpy()
    np.testing.assert_allclose(found.x, wanted, rtol=1e-4, atol=1e-5)
    assert found.id.tolist() == samples.id.tolist()
    assert found.classes == ("column", "plate")


def test_data_that_the_network_cannot_read_is_refused(run, tmp_path):
    (tmp_path / "larger").mkdir()
    np.save(tmp_path / "larger" / "a.npy", np.ones((12, 12, 12), bool))
    with pytest.raises(DataError, match="resample them with --side 10"):
        verbs.encode(run.path, str(tmp_path / "larger"), tmp_path / "features.npz")


def test_only_an_autoencoder_repairs(run, shapes, tmp_path):
    assert verbs.shape_autoencoder(run.path).config.cells == 10
    voxnet = verbs.train(
        verbs.settings("voxnet", str(shapes), training={"steps": 1, "batch_size": 2}), tmp_path / "voxnet"
    )
    with pytest.raises(UsageError, match="holds voxnet, which cannot repair or blend"):
        verbs.shape_autoencoder(voxnet.path)
