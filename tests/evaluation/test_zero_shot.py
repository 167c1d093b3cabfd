"""The protocol on generated discs whose classes are described by their colours."""

import numpy as np
import pytest
import torch
from toy_images import COLOURS, ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation.zero_shot import Known, ZeroShot, by_hash, class_mean, spread_accuracy, zero_shot_scores
from lessup.formats import word_vectors
from lessup.formats.word_vectors import WordVectors
from lessup.labels.eszsl import ESZSL
from lessup.labels.exem import EXEM
from lessup.samples.splits import Folds, split

METRICS = ("unseen", "seen_among_all", "unseen_among_all", "harmonic", "calibrated", "area")


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


@pytest.fixture
def parts():
    return split(discs(16, 4), Folds())


def colours(path, classes):
    rows = (COLOURS[: len(classes)] / 100 - 1).round(2).tolist()
    lines = [",".join([name, *map(str, row)]) for name, row in zip(classes, rows, strict=True)]
    path.write_text("\n".join(["class,red,green,blue", *lines]) + "\n")
    return str(path)


def test_all_estimators_and_chance_stand_in_the_table(toy, parts, tmp_path):
    table = colours(tmp_path / "colours.csv", parts.train.classes)
    unseen = parts.train.classes[2:]
    result = ZeroShot(ZeroShot.Config(descriptions=table, unseen=unseen)).measure(toy, parts)
    assert list(result.rows) == ["chance", "dap", "conse", "devise", "eszsl", "exem", "exem_spread"]
    assert set(result.rows["exem_spread"]) == {"unseen"}
    assert result.rows["chance"]["unseen"].mean == 50
    for row in ("dap", "conse", "devise", "eszsl", "exem"):
        assert set(result.rows[row]) == set(METRICS)
    assert "2 classes seen, 2 unseen" in result.notes[0]
    assert "has seen them" in result.notes[1]


def test_names_of_classes_take_their_vectors_from_a_file(toy, parts, tmp_path):
    vectors = WordVectors(parts.train.classes, (COLOURS / 100 - 1).astype(np.float32))
    word_vectors.write(tmp_path / "v.txt", vectors)
    config = ZeroShot.Config(vectors=str(tmp_path / "v.txt"), share=0.5)
    result = ZeroShot(config).measure(toy, parts)
    unseen = by_hash(parts.train.classes, 0.5)
    assert result.notes[0].endswith(f"2 unseen: {', '.join(unseen)}")


def test_scores_equal_their_definitions():
    generator = np.random.default_rng(0)
    describe = {name: np.array([number & 1, number >> 1], float) for number, name in enumerate("abcd")}
    name = np.array(list("abcd") * 20)
    x = np.stack([describe[one] for one in name]) @ generator.normal(size=(2, 5)) + generator.normal(size=(80, 5)) / 3
    train, test = Known(x[:40], name[:40]), Known(x[40:], name[40:])
    scores = zero_shot_scores(ESZSL(describe), train, test, ["d"])
    known = ESZSL(describe).fit(x[:40][name[:40] != "d"], name[:40][name[:40] != "d"])
    told = known.predict(x[40:])
    seen = [np.mean([told[i] == one for i in range(40) if name[40 + i] == one]) for one in "abc"]
    assert scores["unseen"] == 100
    assert scores["seen_among_all"] == pytest.approx(100 * np.mean(seen))
    unseen = 100 * np.mean([told[i] == "d" for i in range(40) if name[40 + i] == "d"])
    assert scores["unseen_among_all"] == pytest.approx(unseen)
    s, u = scores["seen_among_all"], scores["unseen_among_all"]
    assert scores["harmonic"] == pytest.approx(2 * s * u / (s + u) if s + u else 0)


def test_spreading_from_the_surest_mends_what_lies_between_classes():
    """A sample of a class that drifted beyond the border still hangs together with its own."""
    generator = np.random.default_rng(0)
    describe = {name: np.array([number & 1, number >> 1], float) for number, name in enumerate("abcd")}
    name = np.repeat(list("abcd"), 40)
    x = 4 * np.stack([describe[one] for one in name]) + generator.normal(size=(160, 2)) / 5
    drift = np.where(np.isin(name, ["c", "d"]), np.tile(np.linspace(0, 1, 40), 4), 0)
    train = Known(x, name)
    test = Known(x + np.stack([np.where(name == "d", -2.6, 2.6) * drift, 8 * drift * (name == "c")], 1), name)
    estimator = EXEM(describe, width=4.0, penalty=0.01)
    plain = zero_shot_scores(estimator, train, test, ["c", "d"])["unseen"]
    assert spread_accuracy(estimator, train, test, ["c", "d"]) > plain + 5


def test_labels_of_unseen_samples_in_the_training_part_are_not_looked_at():
    generator = np.random.default_rng(0)
    name = np.repeat(list("abcd"), 30)
    describe = {one: generator.normal(size=3) for one in "abcd"}
    x = np.stack([describe[one] for one in name]) + generator.normal(size=(120, 3)) / 2
    train, test = Known(x, name), Known(x[::2] + 0.1, name[::2])
    estimator = EXEM(describe, width=1.0, penalty=0.1)
    zero_shot_scores(estimator, train, test, ["c", "d"])
    swapped = np.where(name == "c", "d", np.where(name == "d", "c", name))
    wanted = spread_accuracy(estimator, train, test, ["c", "d"])
    assert spread_accuracy(estimator, Known(x, swapped), test, ["c", "d"]) == wanted


def test_the_mean_over_classes_does_not_weigh_by_their_size():
    assert class_mean(np.array(["a", "a", "a", "a"]), np.array(["a", "a", "a", "b"])) == 50


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"share": 1.0}, UsageError, "--share 1.0: wanted above 0 and below 1"),
        ({"unseen": ("moon",)}, UsageError, "--unseen moon: none of the 4 classes"),
        ({"share": 0.2}, DataError, "1 of 4 classes unseen: wanted two or more of each kind"),
        ({"share": 0.5, "descriptions": "none.csv"}, DataError, "no table at none.csv"),
    ],
)
def test_what_cannot_be_used_is_refused(toy, parts, settings, error, message):
    with pytest.raises(error, match=message):
        ZeroShot(ZeroShot.Config(**settings)).measure(toy, parts)


def test_a_table_with_words_for_numbers_is_refused(toy, parts, tmp_path):
    (tmp_path / "t.csv").write_text("class,a\nred,yes\n")
    config = ZeroShot.Config(descriptions=str(tmp_path / "t.csv"), share=0.5)
    with pytest.raises(DataError, match="holds what is no number"):
        ZeroShot(config).measure(toy, parts)
