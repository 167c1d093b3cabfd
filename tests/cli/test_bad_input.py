"""Bad input gives one clear line and exit code 2, and loses nothing."""

import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main
from lessup.runs import Run


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must be refused, and return its one line."""
    assert main(words) == 2
    line = capsys.readouterr().err.strip()
    assert "\n" not in line
    return line


def train(data: Path, tmp_path: Path, *flags: str, method: str = "vconv-dae") -> list[str]:
    return ["train", method, "--data", str(data), "--out", str(tmp_path / "run"), "--steps", "1", *flags]


def boxes(folder: Path, counts: dict[str, int], side: int = 30) -> Path:
    """Write a folder of box-shaped grids, ``counts`` of each class, all different."""
    for name, count in counts.items():
        (folder / name).mkdir(parents=True)
        for number in range(count):
            grid = np.zeros((side,) * 3, bool)
            grid[3 : 6 + number, 3 : ord(name[0]) - 90, 4:9] = True
            np.save(folder / name / f"{number}.npy", grid)
    return folder


def packed(path: Path, **changes: np.ndarray) -> Path:
    """Write a small packed file in the VConv-DAE layout with some arrays changed."""
    arrays = {
        "clean": np.packbits(np.eye(8 * 3375, dtype=bool)[:8, :27000], axis=1),
        "y": np.zeros(8, np.uint8),
        "object": np.arange(8, dtype=np.int16),
        "view": np.zeros(8, np.uint8),
        "classes": np.array(["chair"]),
        "shape": np.array([30, 30, 30]),
    }
    np.savez(path, **(arrays | changes))
    return path


def test_empty_folder(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    assert "an empty folder; wanted" in said(train(tmp_path / "empty", tmp_path), capsys)


def test_folder_of_images(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(3):
        Image.new("RGB", (8, 8), (number, 0, 0)).save(tmp_path / "photos" / f"{number}.jpg")
    line = said(train(tmp_path / "photos", tmp_path), capsys)
    assert line.startswith("lessup: vconv-dae reads voxels")
    assert "photos has image, extent, label" in line


def test_grid_of_another_size(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = boxes(tmp_path / "grids", {"chair": 5}, side=16)
    assert "--side 30" in said(train(data, tmp_path), capsys)


def test_fewer_objects_than_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = boxes(tmp_path / "grids", {"chair": 1, "stool": 2})
    assert "3 different objects; 4 folds need at least 4" in said(train(data, tmp_path), capsys)


def test_truncated_npz(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = packed(tmp_path / "shapes.npz")
    data.write_bytes(data.read_bytes()[:-600])
    assert "shapes.npz" in said(train(data, tmp_path), capsys)


def test_pickle_inside_an_npy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "grids").mkdir()
    np.save(tmp_path / "grids" / "evil.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    line = said(train(tmp_path / "grids", tmp_path), capsys)
    assert "evil.npy" in line
    assert "pickle" in line


def test_archive_whose_names_escape(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = packed(tmp_path / "shapes.npz")
    with zipfile.ZipFile(data, "a") as archive:
        archive.writestr("../../outside.npy", b"")
    assert "outside" in said(train(data, tmp_path), capsys)
    assert not (tmp_path.parent / "outside.npy").exists()


def test_labels_that_do_not_match(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = packed(tmp_path / "shapes.npz", y=np.zeros(7, np.uint8))
    line = said(train(data, tmp_path), capsys)
    assert "7" in line
    assert "8" in line


def test_grid_with_nan_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "grids").mkdir()
    np.save(tmp_path / "grids" / "odd.npy", np.full((30, 30, 30), np.nan))
    line = said(train(tmp_path / "grids", tmp_path), capsys)
    assert "odd.npy" in line
    assert "NaN" in line


def run_of(method: str, path: Path) -> Path:
    """Make a run folder that was never trained."""
    config = {"lessup": "0.1.0", "method": method, "config": {}, "training": {}}
    data = {"path": "furniture", "fingerprint": "", "reading": {}, "folds": {}}
    Run.create(path).write_config({**config, "data": data})
    return path


def test_run_folder_of_another_method(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run_of("voxnet", tmp_path / "run")
    line = said(["train", "vconv-dae", "--data", "furniture", "--out", str(tmp_path / "run"), "--resume"], capsys)
    assert "a run of voxnet, not of vconv-dae" in line


def test_run_that_exists_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of("vconv-dae", tmp_path / "run")
    before = (run / "config.json").read_bytes()
    data = boxes(tmp_path / "grids", {"chair": 5})
    assert "--overwrite" in said(train(data, tmp_path), capsys)
    assert (run / "config.json").read_bytes() == before


def test_resumed_run_keeps_its_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = run_of("vconv-dae", tmp_path / "run")
    line = said(["train", "--resume", "--out", str(run), "--data", "furniture", "--seed", "7"], capsys)
    assert "was begun with" in line


def test_config_of_another_program_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps({"lr": 1}))
    line = said(["train", "--from", str(tmp_path / "config.json"), "--out", str(tmp_path / "run")], capsys)
    assert "wanted the config.json of a run" in line
