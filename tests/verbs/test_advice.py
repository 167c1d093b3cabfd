"""Rows of the advice on features whose answers are known, and on small images with small networks."""

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import make_blobs
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from lessup import verbs
from lessup.backbones.imagenet_classes import NamedClassifier
from lessup.errors import DataError, UsageError
from lessup.verbs import advice, advice_rows
from lessup.verbs.advice import AdviceConfig

NAMES = ("ant", "bee", "cat")


def saved(path, x, label, names=NAMES):
    ids = np.array([f"{number:03d}" for number in range(len(x))])
    np.savez(path, x=x.astype(np.float32), id=ids, label=label.astype(np.int64), classes=np.array(names))
    return str(path)


@pytest.fixture
def blobs(tmp_path):
    """Three classes of 40 that no way confuses."""
    x, label = make_blobs(120, 5, centers=3, cluster_std=0.3, random_state=0)
    return saved(tmp_path / "features.npz", x, label)


def shown(table, name):
    row = next(row for row in table.rows if row.key == name)
    return [row.value(column) for column in table.columns]


def test_ways_that_see_clear_groups_tell_all_and_chance_tells_a_third(blobs):
    table = verbs.advise(blobs, config=AdviceConfig(shots=(1, 5), draws=2))
    assert [value.mean for value in shown(table, "transductive")] == [100, 100]
    assert [value.mean for value in shown(table, "few-shot")] == [100, 100]
    assert [value.mean for value in shown(table, "chance")] == pytest.approx([100 / 3] * 2)
    assert (table.rows[0].key, table.rows[-1].key) == ("chance", "all-labels")
    assert {value.n for value in shown(table, "transductive")} == {2}
    assert all(row.cost.seconds > 0 for row in table.rows[1:])
    assert not any(row.key in ("scratch", "zero-shot") for row in table.rows)  # features are no images
    assert any("no row of names" in note for note in table.notes)


def test_of_two_labels_a_class_one_is_learnt_from_and_one_asked(tmp_path):
    x, label = make_blobs(40, 4, centers=4, cluster_std=0.1, random_state=1)
    for number in range(4):
        label[np.flatnonzero(label == number)[2:]] = -1
    table = verbs.advise(saved(tmp_path / "f.npz", x, label, tuple("abcd")), config=AdviceConfig(shots=(1,), draws=2))
    assert table.notes[1].startswith(
        "4 samples are asked and never learnt from; labels are drawn 2 times from 4 others"
    )
    assert table.summary[-1] == "Each of the 4 samples asked is 25 points: a hint, no more."


def test_all_labels_are_those_of_the_training_part_alone(tmp_path):
    x, label = make_blobs(200, 4, centers=3, cluster_std=4, random_state=1)
    table = verbs.advise(saved(tmp_path / "f.npz", x, label), config=AdviceConfig(shots=(1,), draws=1))
    held_out = int(table.notes[1].split()[0])
    assert held_out + int(table.notes[1].split("from ")[1].split()[0]) == 200
    of_samples = next(row for row in table.rows if row.key == "all-labels").values["few labels"]["accuracy_1"].mean
    right = of_samples * held_out / 100
    assert right == pytest.approx(round(right))  # a count of the held-out samples
    fitted = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(x, label)
    assert of_samples == pytest.approx(100 * fitted.score(x, label), abs=12)


def test_a_way_is_judged_only_where_there_is_a_spread(blobs):
    table = verbs.advise(blobs, config=AdviceConfig(shots=(1,), draws=1))
    assert shown(table, "transductive")[0].standing == "unknown"
    assert shown(table, "pretrained")[0].standing == ""
    assert "no spread" in table.summary[0]


def test_numbers_of_labels_that_classes_lack_are_left_out_and_said(blobs):
    table = verbs.advise(blobs, config=AdviceConfig(shots=(1, 50), draws=2))
    assert [column.metric for column in table.columns] == ["class_mean_1"]
    assert "50 labels a class are left out: 3 of 3 classes have fewer" in table.notes


def test_labels_of_a_table_hold_against_those_of_the_file(blobs, tmp_path):
    found = np.load(blobs)
    kept = np.flatnonzero(found["label"] < 2)
    lines = [f"{found['id'][place]},{('x', 'y')[found['label'][place]]}" for place in kept]
    (tmp_path / "labels.csv").write_text("\n".join(["image,label", *lines]))
    table = verbs.advise(blobs, tmp_path / "labels.csv", config=AdviceConfig(shots=(1,), draws=2))
    assert shown(table, "chance")[0].mean == 50
    assert any("and 40 have no label" in note for note in table.notes)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (AdviceConfig(shots=()), "--shots nothing: wanted numbers of 1 or more"),
        (AdviceConfig(shots=(0, 1)), "--shots 0 1"),
        (AdviceConfig(draws=0), "--draws 0"),
        (AdviceConfig(folds=1), "--folds 1: wanted 0, or 2 or more"),
        (AdviceConfig(fold=4), "--fold 4 of --folds 4"),
    ],
)
def test_settings_out_of_range_are_refused(blobs, config, message):
    with pytest.raises(UsageError, match=message):
        verbs.advise(blobs, config=config)


def test_data_of_one_class_is_refused(tmp_path):
    data = saved(tmp_path / "one.npz", np.random.default_rng(0).normal(size=(20, 3)), np.zeros(20))
    with pytest.raises(DataError, match="two classes or more"):
        verbs.advise(data)


@pytest.fixture
def colours(tmp_path, monkeypatch):
    """Twelve images of each of two colours, whose features are their mean colours."""
    generator = np.random.default_rng(0)
    for name, colour in {"red": (200, 30, 30), "blue": (30, 30, 200)}.items():
        (tmp_path / "photos" / name).mkdir(parents=True)
        for number in range(12):
            pixels = np.clip(np.array(colour) + generator.normal(0, 15, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / name / f"{number}.png")
    hues = {f"hue{number}": 2 * np.pi * number / 24 for number in range(24)}
    words = {**hues, "red": 0.0, "blue": 4 * np.pi / 3}
    lines = [f"{word} {np.cos(hue)} {np.sin(hue)}" for word, hue in words.items()]
    (tmp_path / "vectors.txt").write_text(f"{len(lines)} 2\n" + "\n".join(lines) + "\n")
    turns = np.array([[np.cos(hue - at) for at in (0, 2 * np.pi / 3, 4 * np.pi / 3)] for hue in hues.values()])
    named = NamedClassifier(tuple(hues), turns.astype(np.float32))
    monkeypatch.setattr(advice_rows, "imagenet_classifier", lambda: named)
    monkeypatch.setattr(advice, "encoded", lambda images, *_: (_means(images), "means"))
    return tmp_path


def _means(images):
    return np.stack([images.batch(np.array([place]))["image"][0].mean((1, 2)).numpy() for place in range(len(images))])


def test_names_and_a_small_network_have_rows_where_there_are_images(colours):
    config = AdviceConfig(shots=(1, 2), draws=2, vectors=str(colours / "vectors.txt"), scratch_steps=2)
    table = verbs.advise(str(colours / "photos"), config=config)
    assert [value.mean for value in shown(table, "zero-shot")] == [100, 100]
    assert [value.mean for value in shown(table, "names-and-labels")] == [100, 100]
    assert {value.n for value in shown(table, "scratch")} == {1}
    assert all(0 <= value.mean <= 100 for value in shown(table, "scratch"))
    assert table.rows[1].key == "scratch"
    assert any("Names alone are worth" in sentence for sentence in table.summary)


def test_names_without_a_vector_leave_their_rows_out_and_are_said(colours):
    (colours / "photos" / "red").rename(colours / "photos" / "qqxx")
    config = AdviceConfig(shots=(1,), draws=2, vectors=str(colours / "vectors.txt"), scratch_steps=0)
    table = verbs.advise(str(colours / "photos"), config=config)
    assert not {"scratch", "zero-shot", "names-and-labels"} & {row.key for row in table.rows}
    assert any(note.startswith("no row of names: 1 of 2 names are not among the 26 words") for note in table.notes)


def test_shapes_are_refused(shapes):
    with pytest.raises(DataError, match="wanted images with one label each"):
        verbs.advise(str(shapes))
