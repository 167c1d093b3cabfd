"""What may stand on the command line of `lessup compare`, and what it prints and leaves."""

import json
import shutil
from pathlib import Path

import pytest

from lessup.cli import main
from lessup.cli.compare import protocols_asked


def test_every_protocol_has_its_own_flags_within_quotes() -> None:
    words = ["run", "--protocol", "linear-svm --images-per-class 30", "--data", "x", "--protocol", "knn --k 1 5"]
    svm, knn = protocols_asked(words)
    assert (svm.name, svm.config.images_per_class, svm.label) == ("linear-svm", 30, "linear-svm --images-per-class 30")
    assert (knn.name, knn.config.k, knn.config.images_per_class) == ("knn", (1, 5), 0)


def test_help_of_one_protocol_shows_its_flags_and_of_several_none(capsys: pytest.CaptureFixture[str]) -> None:
    for protocols, shown in ((["knn"], True), (["knn", "linear"], False)):
        with pytest.raises(SystemExit) as ended:
            main(["compare", *(word for name in protocols for word in ("--protocol", name)), "--help"])
        assert ended.value.code == 0
        assert ("--temperature" in capsys.readouterr().out) is shown


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["compare", "x"], "which protocol?"),
        (["compare", "x", "--protocol", "knm --k 5"], "nearest: knn"),
        (["compare", "x", "--protocol", "knn 'k"], "quote"),
        (["compare", "x", "--protocol", "knn", "--out", "table.csv"], "ends in .md, .json, .html"),
        (["compare", "nowhere", "--protocol", "knn", "--protocol", "linear"], "no run at nowhere"),
    ],
)
def test_wrong_usage_gives_one_line_and_exit_2(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert answer in said
    assert "\n" not in said


def test_unknown_flag_of_a_quoted_protocol_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", "x", "--protocol", "knn --kk 5"])
    assert ended.value.code == 2


def test_plain_command_has_every_row_and_marks_that_mean_something(
    trained_runs: tuple[Path, Path], photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [str(shutil.copytree(run, tmp_path / run.name)) for run in trained_runs]
    out = tmp_path / "table.json"
    words = ["--data", str(photos), "--protocol", "linear-svm", "--supervised-steps", "2", "--out", str(out)]
    assert main(["compare", *runs, *words]) == 0
    said = capsys.readouterr()
    assert "training the supervised row" in said.err
    assert " ?" not in said.out.partition("- ▲")[0]
    assert "linear-svm: every draw knows a random half of the training part" in said.out
    rows = json.loads(out.read_text())["rows"]
    assert [row["kind"] for row in rows if row["kind"] not in ("trivial", "untrained")] == [
        *("trained", "trained"),
        "supervised",
    ]
    values = [row["values"]["linear-svm"]["accuracy"] for row in rows if row["kind"] == "trained"]
    assert all(value["n"] == 5 and value["standing"] in ("better", "worse", "within") for value in values)
    assert main(["report", *runs, "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "Not comparable" not in page
    assert "Perhaps not comparable" not in page


def test_comparison_keeps_what_runs_were_measured_before(
    trained_runs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = shutil.copytree(trained_runs[0], tmp_path / "run")
    assert main(["evaluate", str(run), "--protocol", "knn", "--k", "1"]) == 0
    before = json.loads((run / "scores" / "knn.json").read_text())
    capsys.readouterr()
    assert main(["compare", str(run), "--protocol", "knn", "--k", "1", "--no-supervised", "--json"]) == 0
    table = json.loads(capsys.readouterr().out)
    assert any("no supervised row for alexnet-small, as asked for" in note for note in table["notes"])
    (kept,) = (run / "scores").glob("knn.*.json")
    assert json.loads(kept.read_text()) == before
    assert json.loads((run / "scores" / "knn.json").read_text())["settings"]["draws"] == 5
