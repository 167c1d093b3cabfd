import json

import numpy as np
import pytest
from PIL import Image
from tagged_folder import CLASSES, lay_out

from lessup import verbs
from lessup.cli import main
from lessup.errors import DataError, RunError, UsageError
from lessup.masks.segmenter import label_maps
from lessup.verbs.trained import load

SMALL = {"backbone": "alexnet-small", "layer": "", "weights": "", "width": 16, "reach": 2}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return lay_out(tmp_path_factory.mktemp("data") / "things", masks=True)


@pytest.fixture(scope="module")
def run(data, tmp_path_factory):
    asked = verbs.settings("deeplab", str(data), config=SMALL, training={"steps": 2, "batch_size": 2, "device": "cpu"})
    return verbs.train(asked, tmp_path_factory.mktemp("runs") / "deeplab")


@pytest.fixture(scope="module")
def new(tmp_path_factory):
    """Images without tags or masks, of other sizes, and a broken one."""
    folder = tmp_path_factory.mktemp("data") / "new"
    folder.mkdir()
    for number, size in enumerate(((40, 70, 3), (64, 31, 3))):
        Image.fromarray(np.random.default_rng(number).integers(0, 255, size, np.uint8)).save(folder / f"{number}.jpg")
    (folder / "broken.jpg").write_bytes(b"no image")
    return folder


def test_new_images_get_the_masks_that_the_trained_network_finds(run, new, tmp_path, capsys):
    summary = verbs.segment(run.path, str(new), tmp_path / "out", crf=False)
    _, network = load(run.path)
    images = verbs.segmentation._bare(verbs.trained.load_like(run, network, str(new)), CLASSES)
    wanted = [*label_maps(network, images, np.arange(2))]
    for number, labels in enumerate(wanted):
        assert (np.asarray(Image.open(tmp_path / "out" / "masks" / f"{number}.png")) == labels).all()
        assert (tmp_path / "out" / "overlays" / f"{number}.jpg").is_file()
    assert (tmp_path / "out" / "labels.txt").read_text().split() == ["background", *CLASSES]
    assert summary == json.loads((tmp_path / "out" / "summary.json").read_text())
    assert summary["images"] == 2
    assert [one["name"] for one in summary["left_out"]] == ["broken.jpg"]
    assert "broken.jpg" in capsys.readouterr().err
    assert sum(one["share"] for one in summary["classes"].values()) == pytest.approx(1, abs=1e-5)


def test_command_prints_one_object_and_knows_no_crf_and_no_overlays(run, new, tmp_path, capsys):
    words = ["segment", "--from", str(run.path), "--data", str(new), "--out", str(tmp_path / "out")]
    assert main([*words, "--no-crf", "--no-overlays", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["crf"] is False
    assert shown["images"] == 2
    assert not (tmp_path / "out" / "overlays").exists()
    assert main(words) == 2
    assert "holds something already" in capsys.readouterr().err
    assert main([*words, "--overwrite"]) == 0
    assert f"masks of 2 images -> {tmp_path / 'out'}" in capsys.readouterr().out


def test_runs_of_other_methods_and_data_without_images_are_refused(run, new, data, tmp_path):
    asked = verbs.settings("cam", str(data), config={"backbone": "alexnet-small", "weights": ""}, training={"steps": 1})
    other = verbs.train(asked, tmp_path / "cam")
    with pytest.raises(UsageError, match="holds cam, which segments nothing: train deeplab"):
        verbs.segment(other.path, str(new), tmp_path / "out")
    with pytest.raises(DataError, match="reads image, which furniture does not have"):
        verbs.segment(run.path, "furniture", tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_folder_whose_segmenter_is_not_trained_yet_is_named(new, tmp_path):
    (tmp_path / "segment.json").write_text('{"data": "photos"}')
    with pytest.raises(RunError, match="holds no segmenter yet: go on with `lessup segment"):
        verbs.segment(tmp_path, str(new), tmp_path / "out")


def test_classes_of_other_data_are_known_by_their_names_when_a_segmenter_is_measured(run, tmp_path):
    folder = lay_out(tmp_path / "more", masks=True)
    (folder / "labels.txt").write_text("\n".join(["background", *reversed(CLASSES)]))
    rows = verbs.evaluate(run.path, "masks", str(folder))["rows"]
    names = [key.removeprefix("iou/") for key in rows["background"] if key.startswith("iou/")]
    assert names == [name for name in ("background", *CLASSES) if name in names]
