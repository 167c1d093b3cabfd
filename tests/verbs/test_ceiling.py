import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from lessup import data as sources
from lessup import verbs
from lessup.evaluation.knn import KNN
from lessup.runs import Run
from lessup.verbs.ceiling import folder_beside, seconds_per_update
from lessup.verbs.comparison import Asked

TRAINING = {"steps": 2, "batch_size": 4, "device": "cpu"}


@pytest.fixture(scope="module")
def photos(tmp_path_factory):
    """Twelve noisy images of each of two colours."""
    rng, folder = np.random.default_rng(0), tmp_path_factory.mktemp("photos")
    for name, colour in (("red", (200, 40, 40)), ("blue", (40, 40, 200))):
        (folder / name).mkdir()
        for number in range(12):
            pixels = np.clip(rng.normal(colour, 40, (64, 64, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


@pytest.fixture(scope="module")
def run(photos, tmp_path_factory):
    """A backbone that learnt to turn photographs into themselves, a little."""
    return verbs.train(
        verbs.settings("autoencoder", str(photos), training=TRAINING), tmp_path_factory.mktemp("runs") / "autoencoder"
    )


def knn():
    return [Asked("knn", KNN.Config(images_per_class=2, draws=2, k=(1,)))]


def test_supervised_row_that_is_not_wanted_is_noted_as_missing(run):
    table = verbs.compare([run.path], knn(), supervised=False)
    assert not [row for row in table.rows if row.kind == "supervised"]
    assert table.notes[0].startswith("no supervised row for alexnet-small, as asked for: leave out --no-supervised")
    assert not [*run.path.parent.glob("supervised*")]


def test_supervised_row_is_trained_beside_the_runs_on_the_same_part_and_kept(run, photos, capsys):
    table = verbs.compare([run.path], knn(), supervised_steps=2)
    row = table.rows[-1]
    said = capsys.readouterr().err
    assert re.search(r"training the supervised row \(alexnet-small, 2 updates\) into .*: about \d+ seconds", said)
    assert said.index("training the supervised row") < said.index("step 2")
    assert (row.key, row.kind) == ("supervised", "supervised")
    assert [row.kind for row in table.rows].count("trained") == 1
    folder, _ = verbs.load(row.runs[0])
    kept = folder.config
    assert kept["data"] == run.config["data"]
    assert kept["config"]["backbone"] == run.config["config"]["backbone"]
    log = folder.path / "metrics.csv"
    written = log.read_text()  # the speed in it would differ, had it been trained again
    again = verbs.compare([run.path], knn())
    assert "training the supervised row" not in capsys.readouterr().err
    assert again.rows[-1].values == row.values
    assert log.read_text() == written
    given = verbs.compare([run.path, row.runs[0]], knn())
    assert given.rows[-1].values == row.values
    assert not any("no supervised row" in note for note in given.notes)


def test_supervised_runs_of_other_data_and_folds_lie_in_folders_of_their_own(tmp_path):
    def beside(name, **data):
        described = {"fingerprint": "a", "folds": {"folds": 4, "fold": 0}, **data}
        run = Run.create(tmp_path / name)
        run.write_config({"lessup": "0", "config": {"backbone": "timm:vit"}, "data": described})
        return folder_beside(run)

    first = beside("first")
    assert first.parent == tmp_path
    assert re.fullmatch("supervised-timm-vit-[0-9a-f]{8}", first.name)
    assert beside("second") == first
    others = [beside("third", fingerprint="b"), beside("fourth", folds={"folds": 4, "fold": 1})]
    assert len({first, *others}) == 3


def test_time_of_an_update_is_that_of_the_training_itself_but_for_the_optimiser(run, photos):
    asked = verbs.settings("supervised", str(photos), config={"backbone": "alexnet-small"}, training=TRAINING)
    samples = sources.load(str(photos))
    few, many = (
        seconds_per_update(replace(asked, training=replace(asked.training, batch_size=size)), samples)
        for size in (2, 64)
    )
    assert 0 < few < many < 60


def test_data_without_labels_still_gives_a_table_without_the_row(run, photos, tmp_path):
    flat = tmp_path / "flat"
    flat.mkdir()
    for file in photos.rglob("*.png"):
        shutil.copy(file, flat / f"{file.parent.name}-{file.name}")
    unlabelled = verbs.train(verbs.settings("autoencoder", str(flat), training=TRAINING), tmp_path / "run")
    table = verbs.compare([unlabelled.path], knn(), str(photos))
    assert [row.kind for row in table.rows][-1] == "trained"
    assert any(
        note.startswith("no supervised row for alexnet-small: supervised learns from labels") for note in table.notes
    )


def test_no_ceiling_is_trained_for_a_protocol_that_learns_nothing_from_labels(run):
    before = {*run.path.parent.iterdir()}
    table = verbs.compare([run.path], "pretext")
    assert not any("supervised" in note for note in table.notes)
    assert {*run.path.parent.iterdir()} == before
