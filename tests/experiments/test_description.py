from dataclasses import replace
from types import SimpleNamespace

import pytest

from lessup import data
from lessup.errors import RunError, UsageError
from lessup.experiments import Settings, settings
from lessup.experiments.description import check_resumable, description
from lessup.samples.splits import Folds


@pytest.fixture(scope="module")
def furniture():
    return data.load("furniture")


@pytest.fixture
def asked():
    return settings("vconv-dae", "furniture", training={"steps": 7}, folds=Folds(folds=3, fold=1))


def begun(asked, furniture):
    return SimpleNamespace(path="runs/one", config=description(asked, asked.config, furniture))


def test_settings_come_back_from_their_description(asked, furniture):
    assert Settings.of(description(asked, asked.config, furniture)) == asked


def test_recipes_and_fields_that_do_not_exist_are_named():
    with pytest.raises(UsageError, match="vconv-dae has no recipe 'best'; it has cpu, gpu, paper"):
        settings("vconv-dae", "furniture", recipe="best")
    with pytest.raises(TypeError, match="momentun"):
        settings("vconv-dae", "furniture", config={"momentun": 1.0})


def test_a_description_of_another_version_is_refused(asked, furniture):
    written = description(asked, asked.config, furniture)
    with pytest.raises(RunError, match="settings stride do not exist"):
        Settings.of(written | {"config": {**written["config"], "stride": 2}})


def test_what_does_not_decide_the_result_may_change_on_resume(asked, furniture):
    run = begun(asked, furniture)
    other = replace(asked, training=replace(asked.training, steps=9, log_every=1, on_collapse="stop"))
    check_resumable(run, description(other, other.config, furniture))


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (lambda asked: replace(asked, config=replace(asked.config, dropout=0.25)), "dropout = 0.5, now it is 0.25"),
        (lambda asked: replace(asked, training=replace(asked.training, batch_size=1)), "batch_size = 32, now it is 1"),
        (lambda asked: replace(asked, folds=Folds(folds=3, fold=2)), "fold = 1, now it is 2"),
        (lambda asked: settings("voxel-unet", asked.data), "method = 'vconv-dae', now it is 'voxel-unet'"),
    ],
)
def test_what_decides_the_result_may_not_change_on_resume(changed, name, asked, furniture):
    other = changed(asked)
    with pytest.raises(UsageError, match=name):
        check_resumable(begun(asked, furniture), description(other, other.config, furniture))


def test_other_data_is_refused_on_resume(asked, furniture):
    fewer = replace(furniture, fingerprint="another")
    with pytest.raises(UsageError, match="was begun with data"):
        check_resumable(begun(asked, furniture), description(asked, asked.config, fewer))


def test_a_setting_that_an_older_run_did_not_know_has_its_default(asked, furniture):
    older = begun(asked, furniture)
    del older.config["data"]["reading"]["masks"], older.config["config"]["dropout"]
    check_resumable(older, description(asked, asked.config, furniture))
    other = replace(asked, reading=replace(asked.reading, masks="boxes"))
    with pytest.raises(UsageError, match="masks = 'own', now it is 'boxes'"):
        check_resumable(older, description(other, other.config, furniture))
