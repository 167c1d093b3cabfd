"""`lessup localize` and the protocol behind it, from a folder of files to files, on a network trained for two steps."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main

CLASSES = {"n01": "red thing", "n02": "green thing"}


def photograph(rng: np.random.Generator, channel: int, height: int = 40, width: int = 56) -> np.ndarray:
    """Write a bright box in one colour on dark noise."""
    pixels = rng.integers(0, 60, (height, width, 3))
    pixels[height // 4 : 3 * height // 4, width // 4 : 3 * width // 4, channel] += 180
    return pixels.astype(np.uint8)


def size_of(path: Path) -> tuple[int, int]:
    """Return width and height of a picture."""
    with Image.open(path) as picture:
        return picture.size


def tiny_imagenet(folder: Path, classes: dict[str, str]) -> Path:
    """Write the layout of Tiny-ImageNet: eight training and three validation images a class, a box each."""
    rng = np.random.default_rng(0)
    annotations = []
    for place, (number, name) in enumerate(classes.items()):
        channel = 0 if "red" in name else 1
        images = folder / "train" / number / "images"
        images.mkdir(parents=True)
        (folder / "val" / "images").mkdir(parents=True, exist_ok=True)
        lines = []
        for index in range(8):
            Image.fromarray(photograph(rng, channel)).save(images / f"{number}_{index}.JPEG")
            lines.append(f"{number}_{index}.JPEG\t14\t10\t41\t29")
        (images.parent / f"{number}_boxes.txt").write_text("\n".join(lines) + "\n")
        for index in range(3):
            name_of_file = f"val_{place}{index}.JPEG"
            Image.fromarray(photograph(rng, channel)).save(folder / "val" / "images" / name_of_file)
            annotations.append(f"{name_of_file}\t{number}\t14\t10\t41\t29")
    (folder / "wnids.txt").write_text("\n".join(classes) + "\n")
    (folder / "words.txt").write_text("".join(f"{number}\t{name}\n" for number, name in classes.items()))
    (folder / "val" / "val_annotations.txt").write_text("\n".join(annotations) + "\n")
    return folder


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("localize")
    data = tiny_imagenet(folder / "data", CLASSES)
    words = f"train supervised --data {data} --out {folder / 'run'} --backbone resnet18-small --steps 2 --batch-size 4"
    assert main(words.split()) == 0
    return folder / "run"


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(1)
    Image.fromarray(photograph(rng, 0)).save(folder / "small.png")
    Image.fromarray(photograph(rng, 1, 300, 900)).save(folder / "large.png")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_folder_of_photographs_becomes_maps_boxes_and_pictures(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "found"
    assert main(["localize", str(run), "--data", str(photos), "--out", str(out), "--json"]) == 0
    shown = capsys.readouterr()
    told = json.loads(shown.out)
    assert (told["images"], told["boxes"], told["threshold"]) == (2, 2, 0.2)
    assert [one["name"] for one in told["damaged"]] == ["broken.jpg"]
    assert "1 of" in shown.err
    with (out / "boxes.csv").open(newline="") as file:
        large, small = csv.DictReader(file)
    assert (large["image"], small["image"]) == ("large.png", "small.png")
    assert size_of(out / small["map"]) == (56, 40)
    assert size_of(out / large["map"]) == (768, 256), "as it was decoded"
    for line, size in ((large, (900, 300)), (small, (56, 40))):
        left, top, right, bottom = (float(line[side]) for side in ("left", "top", "right", "bottom"))
        assert 0 <= left < right <= size[0]
        assert 0 <= top < bottom <= size[1]
        assert line["class"] in CLASSES.values()
        assert min(size_of(out / line["overlay"])) >= 224
    content = json.loads((out / "instances.json").read_text())
    assert [(each["width"], each["height"]) for each in content["images"]] == [(900, 300), (56, 40)]


def test_named_classes_and_the_second_call_into_the_same_folder(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["localize", str(run), "--data", str(photos), "--out", str(tmp_path / "found"), "--no-overlays"]
    words += ["--classes", "green thing", "red thing", "--method", "release", "--maps", "npy"]
    assert main(words) == 0
    assert f"4 boxes in 2 images -> {tmp_path / 'found'}" in capsys.readouterr().out
    assert (tmp_path / "found" / "maps" / "small.green_thing.npy").exists()
    assert main(words) == 2
    assert "holds something already: pass another --out or --overwrite" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0


def test_classes_of_labelled_images_are_looked_for_in_place_of_the_runs(
    run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rng = np.random.default_rng(2)
    for name, channel in (("bluish", 2), ("reddish", 0), ("greenish", 1)):
        (tmp_path / "labelled" / name).mkdir(parents=True)
        for index in range(6):
            Image.fromarray(photograph(rng, channel)).save(tmp_path / "labelled" / name / f"{index}.png")
    words = ["localize", str(run), "--data", str(photos), "--learn-from", str(tmp_path / "labelled")]
    assert main([*words, "--out", str(tmp_path / "found")]) == 0
    assert capsys.readouterr().out.startswith("3 classes learnt from 18 images, cost ")
    with (tmp_path / "found" / "boxes.csv").open(newline="") as file:
        told = {line["image"]: line["class"] for line in csv.DictReader(file)}
    assert told == {"small.png": "reddish", "large.png": "greenish"}
    words += ["--out", str(tmp_path / "asked"), "--no-overlays", "--maps", "none", "--json", "--classes"]
    assert main([*words, "bluish"]) == 0
    learnt = json.loads(capsys.readouterr().out)["learnt"]
    assert (learnt["images"], learnt["classes"]) == (18, 3)
    assert 0 <= learnt["validation"] <= 100
    assert main([*words, "red thing", "--overwrite"]) == 2, "the run's own classes are not known"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--classes", "red thin"], "the network knows no class 'red thin': did you mean 'red thing'?"),
        (["--classes", "labels"], "none of the 2 images has a class that the network knows"),
        (["--threshold", "1.5"], "wanted a share of the maximum"),
        (["--threshold", "0.3", "--method", "release"], "the release has three fixed levels"),
        (["--top", "0"], "wanted 1 class or more"),
    ],
)
def test_wrong_usage_is_one_line_and_leaves_nothing(
    words: list[str], said: str, run: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["localize", str(run), "--data", str(photos), "--out", str(tmp_path / "found"), *words]) == 2
    told = capsys.readouterr().err.strip().splitlines()
    assert said in told[-1]
    assert not (tmp_path / "found").exists()


def test_protocol_measures_the_official_part_of_a_runs_own_data(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["evaluate", str(run), "--protocol", "localization", "--thresholds", "10", "--json"]
    assert main(words) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["samples"] == 6
    assert set(scores["rows"]) == {"whole_image", "central_box", "chance_class", "random", "model"}
    # The box is 28 x 20 of 56 x 40: a quarter of the image, and 28 * 20 / (42 * 30) of the central box.
    assert scores["rows"]["whole_image"]["given"]["mean"] == 0
    assert scores["rows"]["central_box"]["given"]["mean"] == 0
    assert scores["rows"]["chance_class"]["top1_class"]["mean"] == 50
    assert main([*words, "--validation-boxes", "2"]) == 0
    scores = json.loads(capsys.readouterr().out)
    assert scores["rows"]["central_box_chosen"]["given"]["mean"] == 100
    assert any("chosen by the boxes of 2 validation images" in note for note in scores["notes"])


def test_classes_of_other_data_are_known_by_their_names(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tiny_imagenet(tmp_path / "other", {"n00": "blue thing", "n01": "green thing", "n02": "red thing"})
    words = ["evaluate", str(run), "--protocol", "localization", "--thresholds", "10", "--json", "--data", str(other)]
    assert main(words) == 0
    scores = json.loads(capsys.readouterr().out)
    assert any("3 of 9 test images are left out" in note for note in scores["notes"])
    assert {name for name in scores["rows"]["model"] if "/" in name} == {"given/red thing", "given/green thing"}
