"""`lessup neighbors`, from a folder of photographs to lines, JSON and a picture, on a network trained for one step."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("photos") / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(5):
        Image.fromarray(rng.integers(0, 256, (32, 40, 3)).astype(np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def run(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("runs") / "run"
    assert main(f"train autoencoder --data {photos} --out {run} --steps 1 --batch-size 2 --folds 1".split()) == 0
    return run


def test_lines_name_the_most_alike_images_the_nearest_first(
    run: Path, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["neighbors", str(run), "--data", str(photos), "--query", str(photos / "3.png"), "--count", "3"]
    assert main(words) == 0
    lines = [line.split("  ") for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == ["1.000", "3.png"]
    assert len(lines) == 3
    assert [float(value) for value, _ in lines] == sorted((float(value) for value, _ in lines), reverse=True)


def test_json_alone_on_standard_output_and_a_picture_of_several_queries(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "sheet.png"
    words = f"neighbors {run} --data {photos} --query 1.png 2.png --layer conv2 --metric euclidean --count 2".split()
    assert main([*words, "--out", str(out), "--json", "--device", "cpu"]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["layer"], told["metric"]) == ("conv2", "euclidean")
    assert [one["query"] for one in told["queries"]] == ["1.png", "2.png"]
    for one in told["queries"]:
        assert one["query"] not in [near["name"] for near in one["neighbors"]]
        assert 0 < one["neighbors"][0]["distance"] <= one["neighbors"][1]["distance"]
        assert one["neighbors"][0]["class"] is None
    assert f"wrote {out}" in shown.err
    with Image.open(out) as picture:
        assert picture.width > 3 * 160
    assert main([*words, "--out", str(out)]) == 2
    assert "pass another --out or --overwrite" in capsys.readouterr().err


def test_several_queries_are_headed_by_their_names(run: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"neighbors {run} --data {photos} --query 1.png 2.png --count 1".split()) == 0
    first, second = capsys.readouterr().out.split("\n\n")
    assert (first.splitlines()[0], second.splitlines()[0]) == ("1.png", "2.png")


def test_a_query_that_is_not_there_is_one_line(run: Path, photos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(f"neighbors {run} --data {photos} --query gone.png".split()) == 2
    said = capsys.readouterr().err.strip()
    assert "gone.png is no file and no item" in said
    assert "\n" not in said
