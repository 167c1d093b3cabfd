"""`lessup discover answers` from files to files, on noise in which one thing is bright."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from lessup.cli import main

NETWORK = ["--backbone", "alexnet-small", "--weights", ""]


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Forty images, half of them with a blue square in the upper left quarter."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("answers") / "photos"
    folder.mkdir()
    for number in range(40):
        pixels = rng.integers(0, 90, (64, 64, 3))
        if number % 2:
            pixels[8:24, 8:24, 2] = 250
        Image.fromarray(pixels.astype(np.uint8)).save(folder / f"{number}.png")
    return folder


def table_of(folder: Path, *lines: str) -> Path:
    table = folder / "questions.csv"
    table.write_text("\n".join(["image,question,answer", *lines]) + "\n")
    return table


def words_for(photos: Path, table: Path, out: Path, *more: str) -> list[str]:
    return ["discover", "answers", "--data", str(photos), "--questions", str(table), "--out", str(out), *NETWORK, *more]


def known_of(numbers: range) -> list[str]:
    """Whether the lamp is on shows in the image; where it hangs is always answered alike."""
    on = [f"{number}.png,Is the lamp on?,{'Yes' if number % 2 else 'No'}" for number in numbers]
    return [*on, *(f"{number}.png,where does it hang,wall" for number in numbers if number % 3 == 0)]


@pytest.fixture(scope="module")
def done(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("done")
    asked = ["37.png,is the lamp on,", "38.png,is the lamp on,", "39.png,zyx?,"]
    table = table_of(folder, *known_of(range(37)), *asked)
    assert main(words_for(photos, table, folder / "out", "--scale", "range")) == 0
    return folder / "out"


def lines_of(done: Path) -> list[dict[str, str]]:
    with (done / "answers.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_words_tell_the_kind_of_question_and_the_image_its_answer(done: Path) -> None:
    told = json.loads((done / "answers.json").read_text())
    assert told["parts"]["learnt from"] + told["parts"]["held out"] == 37 + 13
    assert told["parts"]["asked"] == 3
    assert (told["answers"], told["words"], told["without_known_words"]) == (3, 8, 1)
    rows = told["held_out"]
    assert rows["words_and_image"] > 95
    assert rows["words_and_image"] > max(rows["words"], rows["image"], rows["most_frequent"]) + 10
    assert told["by_first_word"]["where"]["words"] == 100
    assert told["by_first_word"]["is"]["image"] > 95


def test_every_line_of_the_table_adds_up_and_has_a_picture(done: Path) -> None:
    lines = lines_of(done)
    assert len(lines) == 37 + 13 + 3
    for line in lines:
        parts = [float(line[name]) for name in ("of_words", "of_image", "bias")]
        assert sum(parts) == pytest.approx(float(line["score"]), abs=3e-4)
        assert 1 / 3 < float(line["probability"]) <= 1
        assert (done / line["overlay"]).is_file()
    assert len({line["overlay"] for line in lines}) == len(lines)
    assert [line["answer"] for line in lines if line["part"] == "asked"][:2] == ["yes", "no"]
    unknown = next(line for line in lines if line["question"] == "zyx?")
    assert (unknown["strongest"], float(unknown["of_words"])) == ("", 0)
    told = next(line["strongest"] for line in lines if line["question"].startswith("where"))
    assert len(told.split("; ")) == 3
    assert set(told.split()[::2]) <= {"where", "does", "it", "hang"}


def test_map_of_a_lit_lamp_shows_where_it_is(done: Path, photos: Path) -> None:
    lit = [line for line in lines_of(done) if line["part"] == "held out" and line["answer"] == "yes"]
    assert lit
    for line in lit:
        with Image.open(done / line["overlay"]) as shown, Image.open(photos / line["image"]) as plain:
            bare = np.asarray(plain.convert("RGB")).repeat(4, 0).repeat(4, 1).astype(int)
            heat = np.abs(np.asarray(shown).astype(int) - bare).sum(2)
        quarters = [heat[:128, :128].mean(), heat[:128, 128:].mean(), heat[128:, :128].mean(), heat[128:, 128:].mean()]
        assert np.argmax(quarters) == 0


def test_sheet_begins_with_images_not_learnt_from(done: Path) -> None:
    with Image.open(done / "sheet.png") as sheet:
        assert sheet.height > 12 * 160
    told = json.loads((done / "answers.json").read_text())
    held_out = {line["image"] for line in lines_of(done) if line["part"] == "held out"}
    learnt = {line["image"] for line in lines_of(done) if line["part"] == "learnt from"}
    assert not held_out & learnt
    assert told["images"] == 40


def test_no_part_is_held_out_where_folds_are_one_and_folders_are_kept(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = words_for(photos, table_of(tmp_path, *known_of(range(12))), tmp_path / "out", "--folds", "1")
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["held_out"] is None
    assert main(words) == 2
    assert "holds something already" in capsys.readouterr().err


def test_answers_too_rare_to_be_given_are_counted_and_never_right(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [*known_of(range(40)), *(f"{n}.png,who is it,person {n}" for n in range(40))]
    words = words_for(photos, table_of(tmp_path, *lines), tmp_path / "out", "--answers", "3", "--json")
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["answers"], told["too_rare"]) == (3, 30)
    assert told["by_first_word"]["who"]["words_and_image"] == 0


def test_questions_about_a_broken_image_are_left_out_and_said(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    for file in photos.iterdir():
        (data / file.name).write_bytes(file.read_bytes())
    (data / "3.png").write_bytes(b"no image")
    assert main(words_for(data, table_of(tmp_path, *known_of(range(20))), tmp_path / "out")) == 0
    assert "2 questions are about images that cannot be read" in capsys.readouterr().err
    (data / "more").mkdir()
    (data / "more" / "6.png").write_bytes(b"no image either")
    assert main(words_for(data, table_of(tmp_path, *known_of(range(20))), tmp_path / "again")) == 0
    assert "2 questions are about images that cannot be read" in capsys.readouterr().err, "6.png itself is whole"


@pytest.mark.parametrize(
    ("lines", "more", "said"),
    [
        (
            ["0.png,what,yes", "1.png,what,"],
            [],
            "1 different images; 4 folds need at least 4: add images or pass --fol",
        ),
        (["0.png,what,", "1.png,what,"], [], "no line of questions.csv has an answer: fill in the column answer"),
        ([f"{n}.png,what,Yes" for n in range(8)], [], "all 6 questions to learn from have the answer 'yes': wanted"),
        (["p.png,what,yes"], [], "line 2 asks about p.png, which is none of the 40 images"),
        (["0.png, ,yes"], [], "line 2 asks '' about 0.png; wanted a question of a word or more"),
        (["0.png,what,yes"], ["--answers", "1"], "wanted --answers of 2 or more"),
        (["0.png,what,yes"], ["--image-share", "1.5"], "an --image-share from 0 to 1"),
        (["0.png,what,yes"], ["--folds", "2", "--fold", "2"], "--fold 2 of --folds 2: wanted 0 to 1"),
    ],
)
def test_wrong_questions_and_settings_are_said(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], lines: list[str], more: list[str], said: str
) -> None:
    assert main(words_for(photos, table_of(tmp_path, *lines), tmp_path / "o", *more)) == 2
    assert said in capsys.readouterr().err
    assert not (tmp_path / "o").exists()


def test_test_part_of_the_data_that_holds_all_questions_leaves_none_to_learn_from(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = tmp_path / "data" / "labels.csv"
    (labels.parent / "images").mkdir(parents=True)
    for file in photos.iterdir():
        (labels.parent / "images" / file.name).write_bytes(file.read_bytes())
    labels.write_text("image,label,split\n" + "".join(f"{n}.png,thing,{'test' if n < 20 else ''}\n" for n in range(40)))
    table = table_of(tmp_path, *known_of(range(20)))
    assert main(words_for(labels.parent, table, tmp_path / "o")) == 2
    assert "all answered questions are about the test part of the data: pass --no-official" in capsys.readouterr().err
