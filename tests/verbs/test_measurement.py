import shutil
from dataclasses import asdict

import numpy as np
import pytest
from PIL import Image

from lessup import data as sources
from lessup import report, verbs
from lessup.errors import DataError, UsageError
from lessup.evaluation.shape_blending import ShapeBlending
from lessup.evaluation.shape_repair import ShapeRepair
from lessup.runs import Run
from lessup.runs.conditions import key
from lessup.samples.splits import Folds

BLENDING = ShapeBlending.Config(pairs=1, steps=2)
REPAIR = ShapeRepair.Config(columns=("rand_30",))


def test_on_its_own_data_the_held_out_part_alone_is_measured_and_kept(run):
    scores = verbs.evaluate(run.path, "shape-repair", config=REPAIR)
    assert scores["samples"] == 4  # a fourth of 16 objects
    assert set(scores["rows"]) == {"identity", "empty", "closing", "model"}
    assert run.scores()["shape-repair"]["rows"] == scores["rows"]
    assert scores["seeds"] == [0]


def test_scores_say_under_which_settings_and_on_what_they_were_measured(run, shapes):
    scores = verbs.evaluate(run.path, "shape-repair", config=REPAIR)
    assert scores["settings"]["columns"] == ("rand_30",)
    assert scores["settings"].keys() == asdict(REPAIR).keys()
    assert scores["fingerprint"] == run.config["data"]["fingerprint"] == sources.load(str(shapes)).fingerprint
    assert (scores["data"], scores["part"]) == (str(shapes), "fold 0 of 4")
    assert run.scores()["shape-repair"]["settings"]["columns"] == ["rand_30"]


def test_a_change_of_the_data_is_seen_under_the_same_path(run, shapes, tmp_path):
    folder = tmp_path / "shapes"
    shutil.copytree(shapes, folder)
    same = verbs.evaluate(run.path, "shape-blending", str(folder), config=BLENDING)
    assert same["part"] == "fold 0 of 4"
    np.save(folder / "plate" / "0.npy", np.ones((10, 10, 10), bool))
    changed = verbs.evaluate(run.path, "shape-blending", str(folder), config=BLENDING)
    assert changed["part"] == "all samples"
    assert changed["fingerprint"] != same["fingerprint"]
    assert key(changed) != key(same)


def test_scores_under_other_settings_are_not_lost(run, tmp_path):
    own = Run(shutil.copytree(run.path, tmp_path / "run", ignore=shutil.ignore_patterns("scores", "figures")))
    half = verbs.evaluate(own.path, "shape-repair", config=ShapeRepair.Config(columns=("half",)))
    verbs.evaluate(own.path, "shape-repair", config=REPAIR)
    kept = own.all_scores()["shape-repair"]
    assert [one["settings"]["columns"] for one in kept] == [["rand_30"], ["half"]]
    assert kept[1]["rows"] == half["rows"]


def test_data_under_another_path_is_known_by_its_content(run, shapes, tmp_path):
    (tmp_path / "moved").symlink_to(shapes)
    assert verbs.evaluate(run.path, "shape-repair", str(tmp_path / "moved"), config=REPAIR)["samples"] == 4


def test_all_of_other_data_is_measured_where_nothing_is_learned_from_it(run, tmp_path):
    (tmp_path / "other").mkdir()
    for number in range(3):
        grid = np.zeros((10, 10, 10), bool)
        grid[2:4, 2:5, 2 : 4 + number] = True
        np.save(tmp_path / "other" / f"{number}.npy", grid)
    assert verbs.evaluate(run.path, "shape-blending", str(tmp_path / "other"), config=BLENDING)["samples"] == 3


def test_a_protocol_refuses_a_method_of_another_kind(run):
    said = r"inpainting measures context-encoder; .* holds voxel-unet: choose another protocol .*, such as shape-repair"
    with pytest.raises(UsageError, match=said):
        verbs.evaluate(run.path, "inpainting")


def test_people_who_were_held_out_whole_are_verified_and_are_no_classes_to_learn(tmp_path):
    random = np.random.default_rng(0)
    for person in range(8):
        (tmp_path / "faces" / f"s{person}").mkdir(parents=True)
        for number in range(7):
            picture = Image.fromarray(random.integers(0, 256, (28, 23), dtype=np.uint8))
            picture.save(tmp_path / "faces" / f"s{person}" / f"{number}.png")
    faces, folds = str(tmp_path / "faces"), Folds(folds=4, whole_classes=True)
    settings = verbs.settings("drlim", faces, training={"steps": 2, "batch_size": 8}, folds=folds)
    trained = verbs.train(settings, tmp_path / "run")
    scores = verbs.evaluate(trained.path, "verification")
    assert scores["samples"] == 14
    assert [*scores["rows"]] == ["pixels", "random", "model"]
    assert {"eer", "fr_at_5", "gaussian_eer", "gaussian_fr_at_7_5"} <= set(scores["rows"]["model"])
    assert not any("seen in training" in note for note in scores["notes"])
    with pytest.raises(DataError, match=r"holds out whole classes.*choose verification or neighbors"):
        verbs.evaluate(trained.path, "linear-svm")
    report.write([trained], tmp_path / "report.html")
    assert "false accepts, %" in (tmp_path / "report.html").read_text()
