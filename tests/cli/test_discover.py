"""`lessup discover concepts` from files to files, on noise in which one thing is bright."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main

NETWORK = ["--backbone", "alexnet-small", "--weights", ""]


def pixels_of(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture)


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twelve images with a red square in their upper left quarter, and twenty without."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("discover") / "photos"
    lines = []
    for number in range(32):
        pixels = rng.integers(0, 90, (64, 64, 3))
        kind = "lamp" if number < 12 else "other"
        if kind == "lamp":
            pixels[8:24, 8:24, 0] = 250
        (folder / kind).mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / kind / f"{number}.png")
        lines += [f"{number}.png,A red lamp." if kind == "lamp" else f"{number}.png,Nothing at all."]
    (folder.parent / "captions.csv").write_text("\n".join(["image,caption", *lines]) + "\n")
    return folder


def test_phrase_of_captions_becomes_a_ranking_and_maps_of_where_it_is(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    words = ["discover", "concepts", "--data", str(photos), "--captions", str(photos.parent / "captions.csv")]
    words += ["--concepts", "red lamp", "--out", str(out), "--top", "4", *NETWORK]
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)["concepts"]["red lamp"]
    assert (told["positive"], told["negative"], told["chance"]) == (12, 20, 37.5)
    assert told["added"][0] == 12
    assert told["held_out_ap"] > 90
    with (out / "ranking.csv").open(newline="") as file:
        ranking = list(csv.DictReader(file))
    assert len(ranking) == 32
    assert {line["role"] for line in ranking[:12]} == {"positive"}
    with (out / "boxes.csv").open(newline="") as file:
        boxes = list(csv.DictReader(file))
    assert {box["image"] for box in boxes} == {line["image"] for line in ranking[:4]}
    for box in boxes:
        score_map = pixels_of(out / box["map"])
        row, column = np.unravel_index(score_map.argmax(), score_map.shape)
        assert max(row, column) < 32, "the square is in the upper left quarter"
    assert pixels_of(out / "top.png").shape[1] > 4 * 160
    assert main(words) == 2
    assert "holds something already" in capsys.readouterr().err


def test_class_of_a_folder_is_a_concept_too(photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["discover", "concepts", "--data", str(photos), "--concepts", "lamp", "--out", str(tmp_path / "found")]
    assert main([*words, *NETWORK]) == 0
    shown = capsys.readouterr()
    assert "lamp: 12 images with it, 20 without" in shown.out
    assert "12 boxes" in shown.err


def test_objects_under_the_map_of_a_scene_from_a_table_are_counted(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    shutil.copytree(photos, data)
    files = sorted(data.rglob("*.png"))
    boxes = {1: [0, 32, 64, 32], 2: [0, 0, 64, 64], 3: [10, 10, 12, 12]}  # left, top, width, height
    content = {
        "images": [{"id": n, "file_name": str(file.relative_to(data))} for n, file in enumerate(files)],
        "annotations": [
            {"id": 10 * n + kind, "image_id": n, "category_id": kind, "bbox": box}
            for n, file in enumerate(files)
            for kind, box in boxes.items()
            if kind != 3 or file.parent.name == "lamp"
        ],
        "categories": [{"id": 1, "name": "floor"}, {"id": 2, "name": "air"}, {"id": 3, "name": "bulb"}],
    }
    (data / "instances.json").write_text(json.dumps(content))
    tags = tmp_path / "tags.csv"
    scenes = {"lamp": "lit room", "other": "dark room"}
    tags.write_text("\n".join(["image,label", *(f"{file.name},{scenes[file.parent.name]}" for file in files)]))
    words = ["discover", "concepts", "--data", str(data), "--tags", str(tags), "--concepts", "lit room"]
    assert main([*words, "--objects", "--out", str(tmp_path / "found"), *NETWORK]) == 0
    assert "lit room: 12 images with it, 20 without" in capsys.readouterr().out
    with (tmp_path / "found" / "objects.csv").open(newline="") as file:
        found = {line["object"]: line for line in csv.DictReader(file)}
    assert {line["images"] for line in found.values()} == {"12"}
    assert float(found["bulb"]["under"]) == 100
    assert {float(line["appears"]) for line in found.values()} == {100}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--concepts", "lmap"], "no class 'lmap' in the data: it has lamp, other"),
        (["--concepts", "lamp", "--top", "0"], "wanted --top of 1 or more"),
        (["--concepts", "lamp", "--objects"], "has neither boxes nor masks of objects"),
        (["--concepts", "lamp", "--tags", "none.csv"], "no table at none.csv"),
        (["--concepts", "lamp", "--tags", "a", "--captions", "b"], "leave one of them out"),
        (["--concepts", "lamp", "--captions", "none.csv"], "no captions at none.csv"),
    ],
)
def test_wrong_usage_is_said(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    assert main(["discover", "concepts", "--data", str(photos), "--out", str(tmp_path / "o"), *words, *NETWORK]) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_unknown_pattern_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["discover", "everything"]) == 2
    assert "discover what? Wanted one of concepts, answers, came everything" in capsys.readouterr().err
