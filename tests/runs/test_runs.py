import errno
import json
import os
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lessup import runs
from lessup.errors import RunError
from lessup.runs import Run, figures_file

CONFIG = {"lessup": "0.1.0", "method": "toy"}


@pytest.fixture
def run(tmp_path) -> Run:
    run = Run.create(tmp_path / "deep" / "run")
    run.write_config(CONFIG)
    return run


def test_created_run_opens_with_its_config(run):
    assert Run.open(run.path).config == CONFIG


def test_existing_run_is_refused_and_unharmed(run):
    run.append_metrics({"step": 1, "loss": 0.5})
    with pytest.raises(RunError, match="holds a run already: pass --overwrite"):
        Run.create(run.path)
    assert run.metrics()["loss"].tolist() == [0.5]


def test_overwrite_removes_the_run_and_keeps_what_is_not_the_runs(run):
    run.append_metrics({"step": 1, "loss": 0.5})
    run.write_scores("shape-repair", {"rows": {}}, {"x": np.ones(2)})
    (run.path / "notes.txt").write_text("mine")
    fresh = Run.create(run.path, overwrite=True)
    assert fresh.metrics() == {}
    assert fresh.scores() == {}
    assert (run.path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("overwrite", [False, True])
def test_folder_of_other_files_is_refused_and_unharmed(tmp_path, overwrite):
    (tmp_path / "thesis.txt").write_text("years of work")
    (tmp_path / "checkpoints").mkdir()
    with pytest.raises(RunError, match="not a run folder and holds 2 files"):
        Run.create(tmp_path, overwrite=overwrite)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"
    assert (tmp_path / "checkpoints").is_dir()


@pytest.mark.parametrize("content", ["{}", "[1]", '{"name": "another tool"}', "not json", ""])
def test_config_of_another_tool_does_not_make_a_run_folder(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(RunError):
        Run.open(tmp_path)
    with pytest.raises(RunError, match="not a run folder"):
        Run.create(tmp_path, overwrite=True)
    assert (tmp_path / "config.json").read_text() == content


def test_empty_folder_and_one_left_by_a_run_that_died_at_once_are_taken(tmp_path):
    Run.create(tmp_path)
    Run.create(tmp_path).write_config(CONFIG)


def test_file_in_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(RunError, match="--out"):
            Run.create(path)


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="needs Linux's /proc, where nobody can make a folder")
def test_unwritable_folder_is_refused():
    with pytest.raises(RunError, match="pass another --out"):
        Run.create("/proc/lessup-run")


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may write everywhere")
def test_folder_without_permission_is_refused(tmp_path):
    tmp_path.chmod(0o555)
    with pytest.raises(RunError, match="cannot"):
        Run.create(tmp_path / "run")


def test_full_disk_is_an_error_before_training(tmp_path, monkeypatch):
    monkeypatch.setattr(runs.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 2**20})())
    with pytest.raises(RunError, match="needs 16 MB, the disk has 1 MB free"):
        Run.create(tmp_path / "run")


def test_folders_that_are_no_runs_do_not_open(tmp_path):
    with pytest.raises(RunError, match="no run at"):
        Run.open(tmp_path / "missing")
    with pytest.raises(RunError, match=r"no config\.json"):
        Run.open(tmp_path)


def test_metrics_come_back_by_column_with_nan_where_a_line_has_no_value(run):
    run.append_metrics({"step": 1, "loss": 0.25})
    run.append_metrics({"step": 2, "loss": float("nan"), "val_loss": 1e-9})
    run.append_metrics({"step": 3, "effective_rank": 2.5})
    metrics = run.metrics()
    np.testing.assert_array_equal(metrics["step"], [1, 2, 3])
    np.testing.assert_array_equal(metrics["loss"], [0.25, np.nan, np.nan])
    np.testing.assert_array_equal(metrics["val_loss"], [np.nan, 1e-9, np.nan])
    np.testing.assert_array_equal(metrics["effective_rank"], [np.nan, np.nan, 2.5])


def test_a_line_cut_short_is_left_out_and_removed_by_rewinding(run):
    run.append_metrics({"step": 1, "loss": 0.25})
    with (run.path / "metrics.csv").open("a") as file:
        file.write("2,0.1")
    assert run.metrics()["step"].tolist() == [1]
    run.rewind(5)
    run.append_metrics({"step": 6, "loss": 0.5})
    assert run.metrics()["step"].tolist() == [1, 6]


def test_rewinding_forgets_lines_and_warnings_after_the_step_and_what_a_kill_left(run):
    for step in (5, 10, 15):
        run.append_metrics({"step": step, "loss": 1.0})
        run.warn({"kind": "collapse", "step": step})
    leftover = run.path / "checkpoints" / ".last.ckpt.123.part"
    leftover.parent.mkdir()
    leftover.write_bytes(b"half")
    run.rewind(10)
    assert run.metrics()["step"].tolist() == [5, 10]
    assert [warning["step"] for warning in run.warnings()] == [5, 10]
    assert not leftover.exists()


@pytest.mark.parametrize(
    "content", ["step,loss\n1\n", "step,loss\n1,2,3\n", "step,loss\none,2\n", "loss\n1\n", "\x00\xff\n"]
)
def test_damaged_metrics_are_refused(run, content):
    (run.path / "metrics.csv").write_text(content, encoding="latin-1")
    with pytest.raises(RunError, match="damaged"):
        run.metrics()


def test_metrics_of_a_run_that_logged_nothing_are_empty(run):
    assert run.metrics() == {}


def test_a_full_disk_leaves_the_lines_before(run, monkeypatch):
    run.append_metrics({"step": 1, "loss": 0.25})
    before = (run.path / "metrics.csv").read_bytes()
    real = os.write

    def write_half(descriptor: int, content: bytes) -> int:
        return real(descriptor, content[: len(content) // 2])

    monkeypatch.setattr(os, "write", write_half)
    with pytest.raises(RunError, match="no room left"):
        run.append_metrics({"step": 2, "loss": 0.5})
    assert (run.path / "metrics.csv").read_bytes() == before


def test_a_file_that_cannot_be_finished_leaves_the_one_before(run, monkeypatch):
    def fail(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(RunError, match=r"no room left for .*config\.json"):
        run.write_config({"lessup": "2"})
    assert run.config == CONFIG
    assert sorted(file.name for file in run.path.iterdir()) == ["config.json", "metrics.csv"]


def test_scores_and_figures_come_back_as_written(run):
    scores = {"rows": {"model": {"rand_30": {"mean": np.float32(0.25), "std": 0.0, "n": np.int64(1)}}}}
    figures = {"strip": np.arange(6, dtype=np.uint8).reshape(2, 3), "names": np.array(["a", "bc"])}
    run.write_scores("shape-repair", scores, figures)
    assert run.scores() == {"shape-repair": {"rows": {"model": {"rand_30": {"mean": 0.25, "std": 0.0, "n": 1}}}}}
    read = run.figures("shape-repair")
    assert read["strip"].tolist() == figures["strip"].tolist()
    assert read["names"].tolist() == ["a", "bc"]
    assert run.figures("shape-blending") == {}


def test_numbers_that_are_not_finite_become_null_in_json(run):
    run.write_scores("shape-repair", {"mean": float("nan"), "list": [float("inf"), 1.0]}, {})
    text = (run.path / "scores" / "shape-repair.json").read_text()
    assert json.loads(text, parse_constant=pytest.fail) == {"mean": None, "list": [None, 1.0]}


def test_pickled_figures_are_refused(run, tmp_path):
    class Evil:
        def __reduce__(self):
            return (os.mkdir, (str(tmp_path / "evil"),))

    file = run.path / "figures" / "shape-repair.npz"
    file.parent.mkdir()
    with file.open("wb") as stream:
        np.savez(stream, x=np.array([Evil()], dtype=object))
    with pytest.raises(RunError, match="damaged"):
        run.figures("shape-repair")
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(RunError, match="damaged"):
        run.figures("shape-repair")
    assert not (tmp_path / "evil").exists()


def test_truncated_and_enormous_figures_are_refused(run, monkeypatch):
    run.write_scores("shape-repair", {}, {"x": np.zeros(10_000)})
    file = run.path / "figures" / "shape-repair.npz"
    whole = file.read_bytes()
    monkeypatch.setattr(figures_file, "LARGEST", 1000)
    with pytest.raises(RunError, match="unpacks to"):
        run.figures("shape-repair")
    monkeypatch.undo()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RunError, match="damaged"):
        run.figures("shape-repair")


def test_figures_whose_bytes_changed_are_refused(run):
    run.write_scores("shape-repair", {}, {"x": np.random.default_rng(0).random(1000)})
    file = run.path / "figures" / "shape-repair.npz"
    content = bytearray(file.read_bytes())
    content[1000] ^= 255
    file.write_bytes(bytes(content))
    with pytest.raises(RunError, match="damaged"):
        run.figures("shape-repair")


def test_an_archive_member_that_is_no_array_is_refused(run):
    file = run.path / "figures" / "shape-repair.npz"
    file.parent.mkdir()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("../escape", "text")
    with pytest.raises(RunError, match="damaged"):
        run.figures("shape-repair")


def test_damaged_scores_and_warnings_are_refused(run):
    (run.path / "scores").mkdir()
    (run.path / "scores" / "shape-repair.json").write_text("[1]")
    with pytest.raises(RunError, match="damaged"):
        run.scores()
    (run.path / "warnings.json").write_text('{"kind": 1}')
    with pytest.raises(RunError, match="damaged"):
        run.warnings()


def test_warnings_are_kept_oldest_first(run):
    assert run.warnings() == []
    run.warn({"kind": "collapse", "step": 3})
    run.warn({"kind": "not finite", "step": 9, "loss": float("nan")})
    assert run.warnings() == [{"kind": "collapse", "step": 3}, {"kind": "not finite", "step": 9, "loss": None}]


def test_processes_but_the_first_write_nothing(run, tmp_path, monkeypatch):
    before = sorted(file.name for file in run.path.rglob("*"))
    monkeypatch.setenv("RANK", "1")
    other = Run.create(run.path)
    other.write_config({"lessup": "2"})
    other.append_metrics({"step": 1})
    other.warn({"kind": "collapse"})
    other.rewind(0)
    other.write_scores("shape-repair", {}, {"x": np.ones(1)})
    Run.create(tmp_path / "never")
    assert sorted(file.name for file in run.path.rglob("*")) == before
    assert run.config == CONFIG
    assert not (tmp_path / "never").exists()


def measured(value, **settings):
    """Scores that say under what they were measured."""
    return {"settings": settings, "data": "a", "fingerprint": "3fa9", "part": "fold 0 of 4", "rows": value}


def test_scores_under_other_settings_are_kept_beside_the_last_ones_with_their_figures(run):
    for value, k in ((1, 5), (2, 20), (3, 1)):
        run.write_scores("knn", measured(value, k=k), {"x": np.full(1, value)})
    assert run.scores()["knn"]["rows"] == 3
    assert run.all_scores()["knn"][0]["rows"] == 3
    assert sorted(one["rows"] for one in run.all_scores()["knn"]) == [1, 2, 3]
    kept = {file.stem for file in (run.path / "scores").glob("knn.*.json")}
    assert kept == {file.stem for file in (run.path / "figures").glob("knn.*.npz")}
    assert len(kept) == 2


def test_scores_measured_again_in_the_same_way_replace_the_earlier_ones_wherever_they_lie(run):
    for value, k in ((1, 5), (2, 20), (3, 5), (4, 5)):
        run.write_scores("knn", measured(value, k=k), {})
    assert [one["rows"] for one in run.all_scores()["knn"]] == [4, 2]


def test_scores_of_an_older_version_are_kept_too_and_damaged_ones_are_replaced(run):
    run.write_scores("knn", {"data": "a", "rows": 1}, {})
    run.write_scores("knn", measured(2, k=5), {})
    assert [one["rows"] for one in run.all_scores()["knn"]] == [2, 1]
    (run.path / "scores" / "knn.json").write_text("{")
    run.write_scores("knn", measured(3, k=1), {})
    assert [one["rows"] for one in run.all_scores()["knn"]] == [3, 1]
