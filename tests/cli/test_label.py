"""`lessup label` from files to a file."""

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import make_blobs

from lessup.cli import main


@pytest.fixture
def encoded(tmp_path: Path) -> tuple[Path, np.ndarray]:
    """Features of 60 samples in three groups, and a table of nine labels, one of them wrong."""
    x, y = make_blobs(60, 8, centers=3, cluster_std=0.5, random_state=0)
    ids = np.array([f"{number:02d}.png" for number in range(60)])
    arrays = {"x": x.astype(np.float32), "id": ids, "label": np.full(60, -1), "classes": np.array([], str)}
    np.savez(tmp_path / "features.npz", **arrays)
    chosen = np.concatenate([np.flatnonzero(y == number)[:5] for number in range(3)])
    names = np.array(["ant", "bee", "cat"])[y]
    lines = ["image,label", *(f"{ids[place]},{names[place]}" for place in chosen)]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    return tmp_path, names


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open() as file:
        return [*csv.DictReader(file)]


def label(folder: Path, *more: str) -> int:
    data, out = ["--data", str(folder / "features.npz")], ["--out", str(folder / "all.csv")]
    return main(["label", *data, "--labels", str(folder / "labels.csv"), *out, *more])


def test_features_and_a_few_labels_become_labels_for_all(encoded, capsys):
    folder, names = encoded
    assert label(folder, "--suggest", "3") == 0
    rows = rows_of(folder / "all.csv")
    assert [row["label"] for row in rows] == names.tolist()
    assert sum(row["given"] == "yes" for row in rows) == 15
    assert sorted(row["next"] for row in rows if row["next"]) == ["1", "2", "3"]
    assert all(0 < float(row["confidence"]) <= 1 for row in rows)
    told = capsys.readouterr()
    assert "<- taken" in told.out
    assert "45 labels made, 15 given" in told.err


def test_one_object_tells_what_was_chosen_and_which_label_looks_wrong(encoded, capsys):
    folder, _ = encoded
    table = folder / "labels.csv"
    first = table.read_text().splitlines()[1].split(",")
    other = "bee" if first[1] != "bee" else "cat"
    table.write_text(table.read_text().replace(",".join(first), f"{first[0]},{other}"))
    assert label(folder, "--json", "--method", "label-propagation") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["method"] == "label-propagation"
    assert told["doubtful"] == {first[0]: first[1]}
    assert told["held_out_labels"] == 15
    assert len(told["next"]) == 10
    rows = {row["image"]: row for row in rows_of(folder / "all.csv")}
    assert rows[first[0]]["label"] == other  # what was given stays
    assert rows[first[0]]["doubt"] == first[1]


def test_one_label_a_class_is_said_to_leave_nothing_to_choose_on(encoded, capsys):
    folder, _ = encoded
    lines = (folder / "labels.csv").read_text().splitlines()
    (folder / "labels.csv").write_text("\n".join([lines[0], lines[1], lines[6], lines[11]]))
    assert label(folder) == 0
    told = capsys.readouterr()
    assert "every class has one label: nothing can be held out" in told.err


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("image,label\n00.png,ant\n", "all 1 known labels are of class 'ant'|all 1 known labels are of class ant"),
        ("image,label\n00.png,\n", "no label is known"),
        ("image,label\n00.png,ant\n00.png,bee\n", "lines 2 and 3 both name 00.png, once as ant and once as bee"),
        ("image,label\n0O.png,ant\n", "line 2 names '0O.png', none of 60 samples: did you mean"),
        ("name,kind\n00.png,ant\n", "has the columns name, kind; wanted image and label"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(encoded, capsys, table, message):
    folder, _ = encoded
    (folder / "labels.csv").write_text(table)
    assert label(folder) == 2

    assert re.search(message, capsys.readouterr().err)
    assert not (folder / "all.csv").exists()


def test_a_file_that_is_there_is_not_written_over_unless_asked(encoded, capsys):
    folder, _ = encoded
    (folder / "all.csv").write_text("mine")
    assert label(folder) == 2
    assert "is there already" in capsys.readouterr().err
    assert (folder / "all.csv").read_text() == "mine"
    assert label(folder, "--overwrite") == 0


def test_a_method_that_does_not_exist_is_refused_with_the_nearest(encoded, capsys):
    folder, _ = encoded
    assert label(folder, "--method", "label-spread") == 2
    assert "did you mean 'label-spreading'?" in capsys.readouterr().err


def test_images_are_encoded_by_a_network(tmp_path, capsys):
    generator = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for number in range(24):
        pixels = generator.integers(0, 60, (48, 48, 3))
        pixels[..., 0 if number % 2 else 2] += 180
        Image.fromarray(pixels.astype(np.uint8)).save(tmp_path / "photos" / f"{number}.png")
    lines = ["image,label", "0.png,blue", "1.png,red", "2.png,blue", "3.png,red", "gone.png,red"]
    (tmp_path / "labels.csv").write_text("\n".join(lines) + "\n")
    words = ["--data", str(tmp_path / "photos"), "--labels", str(tmp_path / "labels.csv")]
    network = ["--backbone", "alexnet-small", "--weights", ""]
    assert main(["label", *words, "--out", str(tmp_path / "all.csv"), *network]) == 0
    rows = rows_of(tmp_path / "all.csv")
    right = [row["label"] == ("red" if int(row["image"].split(".")[0]) % 2 else "blue") for row in rows]
    assert np.mean(right) > 0.9
    assert "gone.png: named in line 6 of labels.csv but not there" in capsys.readouterr().err


def test_images_are_encoded_by_a_run(trained_runs, photos, tmp_path, capsys):
    files = sorted(file.relative_to(photos).as_posix() for file in photos.rglob("*.png"))
    lines = ["image,label", *(f"{name},{name.split('/')[0]}" for name in files[::4])]
    (tmp_path / "labels.csv").write_text("\n".join(lines))
    words = ["--data", str(photos), "--labels", str(tmp_path / "labels.csv"), "--run", str(trained_runs[0])]
    assert main(["label", *words, "--out", str(tmp_path / "all.csv"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["features"] == str(trained_runs[0])
    assert len(rows_of(tmp_path / "all.csv")) == len(files)


def test_data_that_is_no_folder_is_refused_rather_than_labelled_by_its_own_labels(tmp_path, capsys):
    (tmp_path / "labels.csv").write_text("image,label\n0.png,red\n1.png,blue\n")
    words = ["--labels", str(tmp_path / "labels.csv"), "--out", str(tmp_path / "all.csv")]
    assert main(["label", "--data", "furniture", *words]) == 2
    assert "no images at furniture" in capsys.readouterr().err


def test_neither_labels_nor_names_are_refused(tmp_path, capsys):
    assert main(["label", "--data", str(tmp_path), "--out", str(tmp_path / "all.csv")]) == 2
    assert "needs --labels, a table of columns image and label, or --classes" in capsys.readouterr().err
