"""What `lessup evaluate` prints, leaves and refuses, on a network trained for two steps."""

import json
import shutil
from pathlib import Path

import pytest

from lessup.cli import main

KNN = ("--protocol", "knn", "--k", "1")


@pytest.fixture
def measured_run(trained_runs: tuple[Path, Path], tmp_path: Path) -> Path:
    """A copy of a run, to be measured."""
    return shutil.copytree(trained_runs[0], tmp_path / "run")


def test_table_goes_to_standard_output_with_its_notes(measured_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(measured_run), *KNN]) == 0
    head, *lines = capsys.readouterr().out.splitlines()
    assert head.split() == ["row", "accuracy", "class_mean"]
    rows = [line.split()[0] for line in lines]
    assert rows[:5] == ["chance", "pixels", "random", "magic_init", "model"]
    assert "note: 18 samples known and 6 measured once" in lines


def test_json_is_the_scores_file_and_nothing_else(measured_run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(measured_run), *KNN, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == json.loads((measured_run / "scores" / "knn.json").read_text())
    assert printed["settings"] == {
        **{"images_per_class": 0, "draws": 1, "seed": 0, "references": True},
        **{"layers": [], "k": [1], "metric": "cosine", "vote": "auto", "temperature": 0.07},
    }
    assert printed["part"] == "fold 0 of 4"


def test_measuring_with_other_flags_keeps_the_earlier_scores(measured_run: Path) -> None:
    for flags in ((), ("--images-per-class", "3"), ()):
        assert main(["evaluate", str(measured_run), *KNN, *flags, "--no-references"]) == 0
    files = sorted(file.name for file in (measured_run / "scores").iterdir())
    assert len(files) == 2
    settings = {name: json.loads((measured_run / "scores" / name).read_text())["settings"] for name in files}
    assert settings.pop("knn.json")["images_per_class"] == 0
    (kept,) = settings.values()
    assert (kept["images_per_class"], kept["draws"]) == (3, 5)


def test_draws_of_the_whole_training_part_are_not_ignored(
    measured_run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(measured_run), *KNN, "--draws", "3", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["rows"]["model"]["accuracy"]["n"] == 3
    assert "10 of 18 samples known and 6 measured in each of 3 draws" in printed["notes"]


@pytest.mark.parametrize(
    ("flags", "answer"),
    [
        (("--protocol", "shape-repair"), "holds autoencoder: choose another protocol"),
        ((*KNN, "--data", "nowhere"), "nothing at nowhere"),
        ((*KNN, "--draws", "-1"), "wanted at least 1 draw"),
        ((*KNN, "--layers", "conv9"), "conv9"),
    ],
)
def test_what_cannot_be_measured_gives_one_line_and_exit_2(
    flags: tuple[str, ...], answer: str, trained_runs: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(trained_runs[0]), *flags]) == 2
    said = capsys.readouterr().err.strip()
    assert answer in said
    assert "\n" not in said


def test_unknown_flag_of_a_protocol_is_wrong_usage(trained_runs: tuple[Path, Path]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", str(trained_runs[0]), *KNN, "--cost", "3"])
    assert ended.value.code == 2
