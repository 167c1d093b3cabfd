"""Images get labels from names alone; network and vectors are small ones, for which the right labels are known."""

import csv

import numpy as np
import pytest
from PIL import Image

from lessup.backbones.imagenet_classes import NamedClassifier
from lessup.errors import DataError, UsageError
from lessup.verbs import label_by_names, naming
from lessup.verbs.labelling import LabelConfig

COLOURS = {"red": (200, 30, 30), "green": (30, 200, 30), "blue": (30, 30, 200)}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Eight images of each of three colours, whose features are their mean colours; names lie on a circle of hues."""
    generator = np.random.default_rng(0)
    (tmp_path / "photos").mkdir()
    for name, colour in COLOURS.items():
        for number in range(8):
            pixels = np.clip(np.array(colour) + generator.normal(0, 15, (8, 8, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / f"{name}-{number}.png")
    hues = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    words = {f"hue{number}": hue for number, hue in enumerate(hues)}
    words |= {"red": 0.0, "green": 2 * np.pi / 3, "blue": 4 * np.pi / 3}
    lines = [f"{word} {np.cos(hue)} {np.sin(hue)}" for word, hue in words.items()]
    (tmp_path / "vectors.txt").write_text(f"{len(lines)} 2\n" + "\n".join(lines) + "\n")
    turns = np.stack([np.cos(hues - hue) for hue in (0, 2 * np.pi / 3, 4 * np.pi / 3)], 1).astype(np.float32)
    rows = NamedClassifier((*(f"hue{number}" for number in range(24)), "unheard of"), np.vstack([turns, turns[:1]]))
    monkeypatch.setattr(naming, "imagenet_classifier", lambda: rows)
    monkeypatch.setattr(naming, "named_network", lambda *_, **__: None)
    monkeypatch.setattr(naming, "encode_all", lambda _, images, **__: _means(images))
    (tmp_path / "names.txt").write_text("red\ngreen, hue8\n\nblue\n")
    return tmp_path


def _means(images):
    return np.stack([images.batch(np.array([place]))["image"][0].mean((1, 2)).numpy() for place in range(len(images))])


def told(folder, **more):
    config = LabelConfig(vectors=str(folder / "vectors.txt"), suggest=2)
    out = folder / "all.csv"
    done = label_by_names(str(folder / "photos"), folder / "names.txt", out, config=config, overwrite=True, **more)
    with out.open() as file:
        return done, [*csv.DictReader(file)]


def test_names_alone_label_every_image(folder):
    done, rows = told(folder)
    assert len(rows) == 24
    assert all(row["image"].startswith(row["label"]) for row in rows)
    assert done["made"] == 24
    assert done["agreement"] == 100
    assert done["taken"] == {"blue": 5, "green": 5, "red": 5}
    assert len(done["next"]) == 2
    assert "no label was held out" in done["notes"][0]


def test_labels_that_are_given_hold_and_names_add_to_them(folder):
    (folder / "labels.csv").write_text("image,label\nred-0.png,red\nred-1.png,red\n")
    done, rows = told(folder, labels=folder / "labels.csv")
    assert done["given"] == {"blue": 0, "green": 0, "red": 2}
    assert done["taken"] == {"blue": 5, "green": 5, "red": 3}
    assert [row["image"] for row in rows if row["given"] == "yes"] == ["red-0.png", "red-1.png"]
    assert all(row["image"].startswith(row["label"]) for row in rows)


def test_a_label_that_is_no_class_is_refused(folder):
    (folder / "labels.csv").write_text("image,label\nred-0.png,scarlet\nblue-1.png,blue\n")
    with pytest.raises(DataError, match="has the label 'scarlet', which is none of the 3 names"):
        told(folder, labels=folder / "labels.csv")


def test_a_name_that_no_image_looks_like_is_said(folder):
    (folder / "names.txt").write_text("red\nblue\nhue1\nhue23\nhue12")
    done, rows = told(folder)
    assert {row["label"] for row in rows if row["image"].startswith("blue")} == {"blue"}
    absent = set(done["taken"]) - {row["label"] for row in rows}
    assert any("looks most like" in note for note in done["notes"]) == bool(absent)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("red\nmauve", "1 of 2 names are not among the 27 words: 'mauve'"),
        ("red", "has 1 names; wanted two classes or more"),
        ("red\nblue\nred, rouge", "has 'red' twice"),
    ],
)
def test_names_that_cannot_be_used_are_refused(folder, text, message):
    (folder / "names.txt").write_text(text)
    with pytest.raises(DataError, match=message):
        told(folder)


def test_a_file_that_is_not_text_is_refused(folder):
    (folder / "names.txt").write_bytes(b"red\n\xff\xfe")
    with pytest.raises(DataError, match="is not UTF-8, at byte 4"):
        told(folder)


def test_another_network_has_no_names(folder):
    with pytest.raises(UsageError, match="--backbone has no meaning with --classes"):
        label_by_names("x", "y", folder / "z", config=LabelConfig(backbone="resnet18"))
