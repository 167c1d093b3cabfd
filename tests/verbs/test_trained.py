import numpy as np
import pytest
import torch
from sklearn.metrics.pairwise import cosine_similarity

from lessup import data, verbs
from lessup.errors import DataError, UsageError
from lessup.features import encode_all
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


def test_a_sample_is_nearest_to_itself_and_cosines_fall(run, shapes):
    found = verbs.neighbors(run.path, str(shapes), shapes / "plate" / "3.npy", count=4)
    names, cosines = zip(*found, strict=True)
    assert names[0] == "plate/3.npy"
    assert cosines[0] == pytest.approx(1, abs=1e-5)
    assert len(names) == 4
    assert list(cosines) == sorted(cosines, reverse=True)


def test_neighbours_are_those_of_the_named_layer(run, shapes):
    """By scikit-learn on the features of that layer."""
    query = shapes / "plate" / "3.npy"
    found = verbs.neighbors(run.path, str(shapes), query, count=4, layer="middle")
    _, method = verbs.load(run.path)
    samples = data.load(shapes)
    x = encode_all(method, samples, layer="middle")
    (asked,) = x[samples.id == "plate/3.npy"]
    wanted = sorted(cosine_similarity(asked[None], x)[0], reverse=True)[:4]
    assert [cosine for _, cosine in found] == pytest.approx(wanted, abs=1e-5)
    assert found != verbs.neighbors(run.path, str(shapes), query, count=4)
    with pytest.raises(UsageError, match="no layer 'fc9'"):
        verbs.neighbors(run.path, str(shapes), query, layer="fc9")


def test_only_an_autoencoder_repairs(run, shapes, tmp_path):
    assert verbs.shape_autoencoder(run.path).config.cells == 10
    voxnet = verbs.train(
        verbs.settings("voxnet", str(shapes), training={"steps": 1, "batch_size": 2}), tmp_path / "voxnet"
    )
    with pytest.raises(UsageError, match="holds voxnet, which cannot repair or blend"):
        verbs.shape_autoencoder(voxnet.path)
