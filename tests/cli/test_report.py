"""What `lessup report` writes, says and refuses."""

import shutil
from pathlib import Path

import pytest

from lessup.cli import main


@pytest.fixture
def measured_runs(trained_runs: tuple[Path, Path], tmp_path: Path) -> list[str]:
    """Copies of two runs, measured with equal settings."""
    runs = [str(shutil.copytree(run, tmp_path / run.name)) for run in trained_runs]
    for run in runs:
        assert main(["evaluate", run, "--protocol", "knn", "--k", "1", "--no-references"]) == 0
    return runs


def test_page_is_written_and_said_on_standard_error(
    measured_runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    out = tmp_path / "pages" / "report.html"
    assert main(["report", *measured_runs, "--out", str(out)]) == 0
    said = capsys.readouterr()
    assert (said.out, said.err) == ("", f"wrote {out}\n")
    assert "Not comparable" not in out.read_text()


def test_scores_of_other_settings_are_told_apart_on_the_page(measured_runs: list[str], tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    assert main(["evaluate", measured_runs[0], "--protocol", "knn", "--k", "5", "--no-references"]) == 0
    assert main(["report", *measured_runs, "--out", str(out)]) == 0
    page = out.read_text()
    assert "These scores were not all measured in the same way (setting k)" in page
    assert page.index("Measured with: k 1<") < page.index("Measured with: k 5<")


def test_a_folder_that_changed_between_two_measurements_is_told_apart_on_the_page(
    measured_runs: list[str], photos: Path, tmp_path: Path
) -> None:
    folder, out = tmp_path / "photos", tmp_path / "report.html"
    for run, classes in zip(measured_runs, (("red", "blue"), ("red", "green")), strict=True):
        for source, name in zip(("red", "blue"), classes, strict=True):
            shutil.copytree(photos / source, folder / name)
        words = ["--protocol", "knn", "--k", "20", "--images-per-class", "3", "--no-references"]
        assert main(["evaluate", run, "--data", str(folder), *words]) == 0
        shutil.rmtree(folder)
    assert main(["report", *measured_runs, "--out", str(out)]) == 0
    assert out.read_text().count(f"data {folder} (content ") >= 2


def test_damaged_scores_are_named_and_no_page_is_left(
    measured_runs: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    capsys.readouterr()
    (Path(measured_runs[1]) / "scores" / "knn.json").write_text("{")
    out = tmp_path / "report.html"
    assert main(["report", *measured_runs, "--out", str(out)]) == 2
    said = capsys.readouterr().err.strip()
    assert "context/scores/knn.json" in said
    assert "\n" not in said
    assert not out.exists()


def test_no_run_gives_one_line_and_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", "--out", str(tmp_path / "report.html")]) == 2
    assert "wanted at least one run folder" in capsys.readouterr().err


def test_a_report_wants_to_know_where_to_write() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["report", "runs/context"])
    assert ended.value.code == 2
