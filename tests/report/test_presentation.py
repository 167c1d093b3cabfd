import inspect

import pytest

from lessup import discovery
from lessup.report import presentations
from lessup.report.presentation import Presentation
from lessup.report.presentations import in_order, presentation


@pytest.mark.parametrize("protocol", discovery.names("evaluation"))
def test_every_protocol_tells_a_reader_what_was_measured(protocol):
    shown = presentation(protocol)
    assert shown.sentence.endswith(".")
    assert shown.lower_is_better or shown.columns


def test_no_text_is_of_a_protocol_that_is_gone_and_none_is_written_twice():
    modules = [module for module in vars(presentations).values() if inspect.ismodule(module)]
    written = [protocol for module in modules for protocol in getattr(module, "PRESENTATIONS", ())]
    assert sorted(written) == sorted(discovery.names("evaluation"))


def test_protocols_keep_the_order_of_the_fields_and_unknown_ones_stand_behind():
    assert in_order(["zebra", "masks", "ape", "shape-repair", "knn"]) == [
        "shape-repair",
        "knn",
        "masks",
        "ape",
        "zebra",
    ]


@pytest.mark.parametrize(
    "protocol", ["linear-svm", "linear", "knn", "neighbors", "segmentation", "localization", "detection"]
)
def test_protocol_on_images_says_what_its_numbers_are_and_which_way_is_better(protocol):
    shown = presentation(protocol)
    assert protocol in discovery.names("evaluation")
    assert "percent" in shown.sentence
    assert "Higher is better" in shown.sentence
    assert shown.lower_is_better
    assert not any(shown.lower_is_better.values())


def test_one_metric_stands_for_a_protocol_beside_others():
    measured = ["accuracy", "class_mean", "accuracy_of_1", "accuracy/cat"]
    assert presentation("knn").headlines(measured) == ["accuracy"]
    assert presentation("knn").headlines(["map_all_point", "map"]) == ["map"]
    assert presentation("detection").headlines(["map_11_point", "map_all_point"]) == ["map_11_point"]
    assert Presentation("").headlines(["a/cat", "a", "b"]) == ["a"]


def test_metric_of_a_setting_is_better_the_same_way_as_its_stem():
    shown = Presentation("", lower_is_better={"loss": True, "loss_inverse": False})
    assert shown.lower("loss_at_fc6") is True
    assert shown.lower("loss_inverse_at_fc6") is False
    assert shown.lower("losses") is None
    assert presentation("reconstruction").lower("distance_other") is None
