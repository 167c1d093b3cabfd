import numpy as np
import pytest
from PIL import Image

from lessup import verbs
from lessup.evaluation.knn import KNN
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


def test_without_a_supervised_run_the_table_says_how_to_get_one(run):
    table = verbs.compare([run.path], knn())
    assert not [row for row in table.rows if row.kind == "supervised"]
    assert (
        "no supervised row for alexnet-small: add a run of `lessup train supervised --backbone alexnet-small`"
        in (table.notes[0])
    )


def test_supervised_row_is_trained_beside_the_runs_on_the_same_part_and_kept(run, photos):
    table = verbs.compare([run.path], knn(), supervised=True, supervised_steps=2)
    row = table.rows[-1]
    assert (row.key, row.kind) == ("supervised", "supervised")
    assert [row.kind for row in table.rows].count("trained") == 1
    kept = verbs.load(row.runs[0])[0].config
    assert kept["data"] == run.config["data"]
    assert kept["config"]["backbone"] == run.config["config"]["backbone"]
    log = run.path.parent / "supervised-alexnet-small" / "metrics.csv"
    written = log.read_text()  # the speed in it would differ, had it been trained again
    again = verbs.compare([run.path], knn(), supervised=True, supervised_steps=2)
    assert again.rows[-1].values == row.values
    assert log.read_text() == written
    given = verbs.compare([run.path, row.runs[0]], knn())
    assert given.rows[-1].values == row.values
    assert not any("no supervised row" in note for note in given.notes)
