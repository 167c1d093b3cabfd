"""Tags and images that teach little or nothing: `lessup segment` says so and goes on, or says what to do."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main

SMALL = ("--backbone", "alexnet-small", "--weights", "", "--seeder-steps", "1", "--segmenter-steps", "1", "--no-crf")
SIZE = (40, 48)


def photo(colour: int, *, seed: int = 0) -> np.ndarray:
    """Return a bright square on a dark, noisy ground."""
    image = np.random.default_rng(seed).integers(0, 60, (*SIZE, 3))
    image[10:28, 12:36, colour] += 180
    return image.astype(np.uint8)


def lay_out(folder: Path, tags: list[str], pictures: dict[int, np.ndarray] | None = None) -> Path:
    """Write an image for each line of tags, and the table."""
    (folder / "images").mkdir(parents=True)
    for number in range(len(tags)):
        picture = (pictures or {}).get(number, photo(number % 3, seed=number))
        Image.fromarray(picture).save(folder / "images" / f"{number}.png")
    lines = [f"{number}.png,{names}" for number, names in enumerate(tags)]
    (folder / "tags.csv").write_text("\n".join(["image,tags", *lines]) + "\n")
    return folder


def segment(data: Path, out: Path, *flags: str) -> int:
    return main(["segment", "--data", str(data), "--out", str(out), *SMALL, *flags])


def stage(out: Path, name: str) -> np.ndarray:
    """Return the (N, H, W, C) maps of a stage; images are all of one size."""
    (file,) = (out / "stages").glob(f"{name}-*")
    return np.fromfile(file, np.uint8).reshape(-1, *SIZE, 2 if name == "seeds" else 1)


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A set with everything that is odd and can be lived with, and what `lessup segment` made of it."""
    tags = ["sky | handbag"] * 5 + ["sky | hanbag", "", "sky | rail | train", "sky | rail | train", "sky | train"]
    speck, plain = np.full((*SIZE, 3), 30, np.uint8), np.full((*SIZE, 3), 90, np.uint8)
    speck[20, 20] = (255, 0, 0)
    data = lay_out(tmp_path_factory.mktemp("odd") / "odd", tags, {0: speck, 1: plain})
    (data / "tags.csv").write_text((data / "tags.csv").read_text() + "gone.png,handbag\n")
    return data, data.parent / "out"


def test_odd_tags_are_said_and_the_rest_is_learnt_from(
    odd: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = odd
    assert segment(data, out, "--json") == 0
    said = capsys.readouterr()
    record = json.loads(said.out)
    assert record["notes"] == [
        "1 images without tags are not learnt from",
        "every image has sky: nothing can be learnt of it",
        "every image with rail has train too: tags do not tell them apart",
        "one image with 'hanbag': is 'handbag' meant, as in 5 others?",
    ]
    assert all(note in said.err for note in record["notes"])
    assert "gone.png: named in line 12 of tags.csv but not there" in said.err
    assert sorted(file.stem for file in (out / "masks").iterdir()) == ["0", "1", "2", "3", "4", "5", "7", "8", "9"]


def test_an_image_in_which_nothing_stands_out_keeps_its_seeds(odd: tuple[Path, Path]) -> None:
    _, out = odd
    saliency, guide = stage(out, "saliency"), stage(out, "guide")
    assert not saliency[1].any(), "an image of one colour"
    label, confidence = stage(out, "seeds")[1].transpose(2, 0, 1)
    threshold = json.loads((out / "segment.json").read_text())["threshold"]
    seeds = np.where(confidence / 255 >= threshold, label, 0)
    assert set(np.unique(guide[1])) <= set(np.unique(seeds)) | {0}
    assert (guide[1, ..., 0][guide[1, ..., 0] > 0] == seeds[guide[1, ..., 0] > 0]).all()


def test_an_object_of_one_pixel_is_salient_and_too_small_to_be_a_region(odd: tuple[Path, Path]) -> None:
    _, out = odd
    saliency = stage(out, "saliency")[0, ..., 0]
    assert saliency[20, 20] == saliency.max() == 255
    assert (out / "masks" / "0.png").is_file()


def test_saliency_none_leaves_the_seeds_alone(odd: tuple[Path, Path], tmp_path: Path) -> None:
    data, _ = odd
    assert segment(data, tmp_path / "out", "--saliency", "none", "--threshold", "0.5", "--no-overlays") == 0
    guide, (label, confidence) = (
        stage(tmp_path / "out", "guide"),
        stage(tmp_path / "out", "seeds").transpose(3, 0, 1, 2),
    )
    seeds = np.where(confidence / 255 >= 0.5, label, 0)
    assert not stage(tmp_path / "out", "saliency").any()
    assert (guide[..., 0][guide[..., 0] > 0] == seeds[guide[..., 0] > 0]).all()


def test_mask_of_another_size_leaves_its_image_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = lay_out(tmp_path / "things", ["red", "green", "blue", "red | green"])
    (data / "masks").mkdir()
    for number, size in enumerate((SIZE, (20, 24), SIZE)):
        Image.fromarray(np.ones(size, np.uint8)).save(data / "masks" / f"{number}.png")
    (data / "labels.txt").write_text("background\nred\ngreen\nblue\n")
    assert segment(data, tmp_path / "out", "--json", "--no-overlays") == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["images"] == 3
    assert "images/1.png: mask of 24x20 pixels for an image of 48x40" in said.err


@pytest.mark.parametrize(
    ("tags", "labels", "reason"),
    [
        (
            ["red", "gren"],
            "background\nred\ngreen\n",
            "'gren' is none of the 2 classes in labels.txt: did you mean 'green'?",
        ),
        (["red", "violet"], "background\nred\ngreen\n", "'violet' is none of the 2 classes in labels.txt: correct one"),
        (["", ""], "background\nred\ngreen\n", "has tags: name a table with --tags"),
        (["red", "red"], "", "wanted two classes"),
    ],
)
def test_tags_from_which_nothing_can_be_learnt_are_one_line(
    tags: list[str], labels: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = lay_out(tmp_path / "things", tags)
    if labels:
        (data / "labels.txt").write_text(labels)
    assert segment(data, tmp_path / "out") == 2
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert reason in said
