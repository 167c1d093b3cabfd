import numpy as np
import pytest
import torch

from lessup import verbs
from lessup.errors import DataError, UsageError
from lessup.experiments import Settings
from lessup.experiments.description import check_resumable
from lessup.samples.given_labels import GivenLabels
from lessup.samples.splits import Folds
from lessup.verbs.training import train_on
from toy_digits import as_samples


def weights(run):
    return verbs.load(run.path)[1].state_dict()


def test_a_run_repeated_from_its_config_has_the_same_weights(run, tmp_path):
    again = verbs.train(Settings.of(run.config), tmp_path / "again")
    for name, weight in weights(run).items():
        assert torch.equal(weight, weights(again)[name]), name


def test_a_resumed_run_goes_on_with_more_steps_but_not_with_another_seed(shapes, tmp_path, tiny):
    run = verbs.train(tiny(shapes), tmp_path / "run")
    with pytest.raises(UsageError, match="was begun with seed = 0, now it is 1"):
        verbs.train(tiny(shapes, seed=1), tmp_path / "run", resume=True)
    longer = verbs.train(tiny(shapes, steps=3), tmp_path / "run", resume=True)
    assert longer.metrics()["step"][-1] == 3
    assert run.config["training"]["steps"] == 3


def test_a_run_says_where_it_began_and_where_it_went_on(shapes, tmp_path, tiny, monkeypatch):
    monkeypatch.setattr("sys.argv", ["lessup", "first"])
    run = verbs.train(tiny(shapes), tmp_path / "run")
    monkeypatch.setattr("sys.argv", ["lessup", "again"])
    verbs.train(tiny(shapes), tmp_path / "run", resume=True)  # there is nothing left to do
    assert "resumed" not in run.config
    verbs.train(tiny(shapes, steps=3), tmp_path / "run", resume=True)
    assert run.config["command"] == "lessup first"
    assert [each["command"] for each in run.config["resumed"]] == ["lessup again"]
    assert run.config["resumed"][0]["machine"] == run.config["machine"]


def test_voxnet_needs_the_labels_of_all_samples(shapes, tmp_path):
    (tmp_path / "mixed" / "plate").mkdir(parents=True)
    np.save(tmp_path / "mixed" / "plate" / "a.npy", np.load(shapes / "plate" / "0.npy"))
    np.save(tmp_path / "mixed" / "b.npy", np.load(shapes / "plate" / "1.npy"))
    settings = verbs.settings("voxnet", str(tmp_path / "mixed"))
    with pytest.raises(DataError, match="1 of 2 samples have none"):
        verbs.train(settings, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_a_method_names_what_the_data_lacks(shapes, tmp_path):
    with pytest.raises(DataError, match=r"bigan reads image, extent; .* has voxels, label"):
        verbs.train(verbs.settings("bigan", str(shapes)), tmp_path / "run")


@pytest.fixture
def digits(tmp_path):
    """What trains on 30 images, of which a table names six, given the labels that the others hide."""
    names = np.array(["none", "one", "two"])
    label = np.repeat([0, 1, 2], 10)
    known = [0, 1, 10, 11, 20, 21]
    table = tmp_path / "labels.csv"
    table.write_text("\n".join(["image,label", *(f"{place:03d}.png,{names[label[place]]}" for place in known)]) + "\n")

    def train(hidden, out, method="fixmatch"):
        given = label.copy()
        given[np.setdiff1d(np.arange(30), known)] = hidden
        samples = as_samples(given)
        settings = verbs.settings(
            method,
            "digits",
            training={"steps": 2, "batch_size": 16, "device": "cpu", "log_every": 1},
            folds=Folds(folds=1),
            given=GivenLabels(labels=str(table)),
        )
        return train_on(samples, settings, tmp_path / out)

    return train


@pytest.mark.parametrize("method", ["fixmatch", "mean-teacher"])
def test_hidden_labels_do_not_reach_the_weights(digits, method):
    first = digits(np.repeat([0, 1, 2], 8), "first", method)
    other = digits(np.repeat([2, 0, 1], 8), "other", method)
    assert first.labels.read_text() == other.labels.read_text()
    assert len(first.labels.read_text().splitlines()) == 7
    assert first.metrics()["loss"].tolist() == other.metrics()["loss"].tolist()
    for name, weight in weights(first).items():
        assert torch.equal(weight, weights(other)[name]), name


def test_a_run_on_a_few_labels_is_gone_on_with_under_the_same_labels_alone(digits):
    run = digits(np.repeat([0, 1, 2], 8), "run")
    assert Settings.of(run.config).given.labels.endswith("labels.csv")
    older = {**run.config, "data": {key: value for key, value in run.config["data"].items() if key != "given"}}
    assert Settings.of(older).given == GivenLabels()
    changed = {**run.config, "data": {**run.config["data"], "given": {"shots": 2}}}
    with pytest.raises(UsageError, match=r"was begun with labels = .*labels.csv', now it is ''"):
        check_resumable(run, changed)
