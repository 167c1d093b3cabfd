import numpy as np
import pytest

from lessup import data, verbs
from lessup.evaluation.shape_blending import ShapeBlending
from lessup.report import write
from lessup.samples import Damage
from lessup.samples.images import Images, Ragged
from lessup.verbs.left_out import changed, left_out


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Eight grids of one cuboid, and two files that cannot be used."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "shapes"
    folder.mkdir()
    for number in range(8):
        grid = np.zeros((10, 10, 10), bool)
        grid[1 : 3 + number // 2, 2:5, 1 : 5 + number % 2] = True
        np.save(folder / f"{number}.npy", grid)
    np.save(folder / "nothing.npy", np.zeros((10, 10, 10), bool))
    (folder / "broken.npy").write_bytes(b"no array")
    return folder


def test_what_cannot_be_used_is_said_before_training_and_stands_in_scores_and_report(folder, tmp_path, capsys, tiny):
    run = verbs.train(tiny(folder, steps=1), tmp_path / "run")
    said = capsys.readouterr().err.splitlines()[0]
    assert said.startswith(f"2 of {folder} left out, such as broken.npy: ")
    assert run.config["data"]["left_out"] == 2
    scores = verbs.evaluate(run.path, "shape-blending", config=ShapeBlending.Config(pairs=1, steps=2))
    assert said in scores["notes"]
    assert "2 left out" in write([run], tmp_path / "report.html").read_text()


def test_the_commonest_reason_is_said(folder):
    for name in "xyz":
        np.save(folder / f"{name}.npy", np.zeros((10, 10, 10), bool))
    said = left_out(data.load(folder), "shapes")
    assert said.startswith("5 of shapes left out, such as nothing.npy: empty grid ")


def test_doubtful_samples_are_not_left_out(folder):
    for name in ("nothing.npy", "broken.npy"):
        (folder / name).unlink()
    np.save(folder / "twin.npy", np.load(folder / "0.npy"))
    samples = data.load(folder)
    assert [one.reason for one in samples.damage] == ["equal to 0.npy"]
    assert left_out(samples, "shapes") == ""


def test_changes_are_counted_by_kind_and_shapes_have_none(folder):
    images = Images(
        pixels=Ragged.of([np.zeros((1, 1, 1), np.uint8)]),
        id=np.array(["a"]),
        label=np.array([0]),
        classes=("cat",),
        group=np.array([0]),
        official=np.array([""]),
        fingerprint="",
        damage=(
            Damage("a", "truncated"),
            Damage("b", "CMYK converted to RGB; first of several frames", skipped=False),
            Damage("c", "CMYK converted to RGB", skipped=False),
            *(Damage(name, f"named again in line {name}", skipped=False) for name in "def"),
        ),
    )
    assert changed(images, "x") == (
        "5 of x changed or doubtful, and used: 2 CMYK converted to RGB, 1 first of several frames, 1 named again in "
        "line d, 1 named again in line e, 1 more kinds (names: `lessup doctor x`)"
    )
    assert changed(data.load(folder), "x") == ""
