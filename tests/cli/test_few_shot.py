"""Training on episodes and one-shot tasks from the command line, on a generated archive."""

import json
import sys
from pathlib import Path

import pytest

from lessup.cli import main

sys.path.insert(0, str(Path(__file__).parent.parent / "data"))

from test_omniglot import archive
from test_omniglot_runs import runs_archive

TRAINING = ("--batch-size", "8", "--queries", "1", "--steps", "2", "--device", "cpu")


@pytest.fixture(scope="module")
def omniglot(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("omniglot")
    for number, other in ((1, "Korean"), (2, "Tagalog")):
        alphabets = {"Latin": 6, other: 6, f"{other}_old": 6}
        archive(folder / f"images_background_small{number}.zip", alphabets, drawers=4)
    return folder


@pytest.fixture(scope="module")
def run(omniglot, tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "run"
    assert main(["train", "prototypical-networks", "--data", str(omniglot), "--out", str(out), *TRAINING]) == 0
    return out


def test_held_out_alphabets_are_told_within_and_across(run, capsys):
    words = ["--protocol", "few-shot", "--way", "3", "--queries", "3", "--episodes", "20", "--json"]
    assert main(["evaluate", str(run), *words]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert list(scores["rows"]) == ["chance", "pixels", "random", "model"]
    assert {"across", "within", "across_interval", "within_interval"} <= set(scores["rows"]["model"])
    assert scores["samples"] == 2 * 6 * 4
    assert not [note for note in scores["notes"] if "in training" in note]


def test_official_runs_give_error_rates(run, tmp_path, capsys):
    runs_archive(tmp_path / "all_runs.zip", num_runs=2, way=4)
    words = ["--protocol", "omniglot-runs", "--data", str(tmp_path / "all_runs.zip"), "--json"]
    assert main(["evaluate", str(run), *words]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["rows"]["pixels"]["error"] == {"mean": 0.0, "std": 0.0, "n": 2}
    assert scores["rows"]["model"]["error"]["mean"] == 0  # the drawings of a class are equal
    assert scores["rows"]["chance"]["error"]["mean"] == 75


def test_more_ways_than_classes_are_refused_before_training(omniglot, tmp_path, capsys):
    words = ["--data", str(omniglot), "--out", str(tmp_path / "run"), *TRAINING, "--batch-size", "400"]
    assert main(["train", "prototypical-networks", *words]) == 2
    assert "an episode of 200 classes wants 2 images of each" in capsys.readouterr().err
