from types import SimpleNamespace

import pytest

from lessup import discovery, evaluation, methods
from lessup.verbs import next_protocol


@pytest.mark.parametrize("classes", [["any"], ["cat", "dog"]], ids=["no labels", "labels"])
@pytest.mark.parametrize("name", discovery.names("methods"))
def test_the_protocol_can_measure_the_method_and_asks_for_no_labels_that_are_not_there(name, classes):
    run = SimpleNamespace(config={"method": name, "data": {"classes": classes}})
    protocol = evaluation.load(next_protocol(run))
    assert issubclass(methods.load(name), protocol.needs)
    assert name in evaluation.measured_by(protocol)
    assert "label" not in protocol.reads or len(classes) > 1
    on_images = "image" in methods.load(name).reads
    assert not set(protocol.reads) & ({"voxels"} if on_images else {"image", "mask"})


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        *(("voxel-unet", "shape-repair"), ("voxnet", "shape-classification"), ("bigan", "linear-svm")),
        *(("deeplab", "masks"), ("prototypical-networks", "few-shot"), ("koch-siamese", "few-shot")),
    ],
)
def test_labelled_data_are_measured_by_what_the_method_is_for(name, wanted):
    assert next_protocol(SimpleNamespace(config={"method": name, "data": {"classes": ["a", "b"]}})) == wanted


def test_a_run_that_held_out_whole_people_is_asked_about_pairs():
    data = {"classes": ["a", "b"], "folds": {"whole_classes": True}}
    assert next_protocol(SimpleNamespace(config={"method": "drlim", "data": data})) == "verification"
