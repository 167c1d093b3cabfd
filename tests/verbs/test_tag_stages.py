"""Stages that look at networks: saliency learnt from boxes, and regions classified one by one."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tagged_folder import lay_out

from lessup import data as sources
from lessup import verbs
from lessup.cli import main
from lessup.errors import UsageError
from lessup.masks.guide_labels import salient_regions
from lessup.masks.network_saliency import network_saliency
from lessup.masks.region_scores import blanked_scores
from lessup.masks.saliency import foreground
from lessup.runs import Run
from lessup.samples import Reading
from lessup.verbs.tag_stages import FromTagsConfig, TagStages, learnt_from, load_saliency_network

SMALL = FromTagsConfig(
    backbone="alexnet-small", weights="", seeder_steps=2, segmenter_steps=1, crf=False, threshold=0.5
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory):
    return lay_out(tmp_path_factory.mktemp("data") / "things")


@pytest.fixture(scope="module")
def boxed(tmp_path_factory):
    """Images of a bright thing with a box each, in COCO's JSON; every third is a bag."""
    pytest.importorskip("cv2", reason="OpenCV is not installed")
    folder = tmp_path_factory.mktemp("data") / "boxed"
    folder.mkdir()
    rng, annotations = np.random.default_rng(0), []
    for number in range(9):
        image = rng.integers(0, 60, (48, 64, 3))
        image[10:30, 20 + number : 44 + number, number % 3] += 180
        Image.fromarray(image.astype(np.uint8)).save(folder / f"{number}.png")
        box = {"bbox": [18 + number, 8, 28, 24], "area": 672, "segmentation": [], "iscrowd": 0}
        annotations.append({"id": number, "image_id": number, "category_id": int(number % 3 > 0), **box})
    content = {
        "images": [{"id": n, "file_name": f"{n}.png", "height": 48, "width": 64} for n in range(9)],
        "annotations": annotations,
        "categories": [{"id": 0, "name": "bag"}, {"id": 1, "name": "thing"}],
    }
    (folder / "_annotations.coco.json").write_text(json.dumps(content))
    return folder


@pytest.fixture(scope="module")
def saliency_run(boxed, tmp_path_factory):
    """What `lessup train deeplab --masks boxes` leaves."""
    out = tmp_path_factory.mktemp("runs") / "saliency"
    words = ["train", "deeplab", "--data", str(boxed), "--masks", "boxes", "--without", "bag", "--out", str(out)]
    network = ["--backbone", "alexnet-small", "--layer", "", "--weights", "", "--width", "16", "--reach", "2"]
    assert main([*words, *network, "--steps", "2", "--batch-size", "2", "--device", "cpu"]) == 0
    return out


def stages(tagged, out, **how):
    images, _ = learnt_from(sources.load(str(tagged)), str(tagged))
    return TagStages(images, None, str(tagged), out, replace(SMALL, **how), Reading(), "cpu")


def test_network_for_saliency_is_trained_on_boxes_of_other_classes(saliency_run):
    config = Run.open(saliency_run).config
    assert config["data"]["classes"] == ["object"]
    assert config["data"]["samples"] == 6
    assert config["data"]["reading"]["without"] == ["bag"]


def test_network_is_measured_on_the_masks_of_its_boxes_and_segments_images_without_any(saliency_run, tagged, tmp_path):
    scores = verbs.evaluate(saliency_run, "masks")
    assert {"mean_iou", "iou/object"} <= {*scores["rows"]["model"]}
    summary = verbs.segment(saliency_run, str(tagged / "images"), tmp_path / "new", crf=False)
    assert summary["images"] == 10
    assert [*summary["classes"]] == ["background", "object"]


def test_saliency_of_the_images_is_what_the_network_finds(saliency_run, tagged, tmp_path):
    work = stages(tagged, tmp_path, saliency=str(saliency_run))
    kept = work.saliency()
    network = load_saliency_network(str(saliency_run), device="cpu")
    for index in range(len(work.images)):
        wanted = network_saliency(network, work.images.pixels[index])
        assert (kept.maps[index][..., 0] == np.rint(255 * wanted)).all()


def test_saliency_is_computed_again_for_other_weights_alone(saliency_run, boxed, tagged, tmp_path):
    first = stages(tagged, tmp_path, saliency=str(saliency_run)).saliency().at
    moved = tmp_path / "moved"
    saliency_run.rename(moved)
    try:
        assert stages(tagged, tmp_path, saliency=str(moved)).saliency().at == first
    finally:
        moved.rename(saliency_run)
    settings = verbs.Settings.of(Run.open(saliency_run).config)
    other = verbs.train(replace(settings, training=replace(settings.training, seed=1)), tmp_path / "other")
    assert stages(tagged, tmp_path, saliency=str(other.path)).saliency().at != first


def test_saliency_that_is_no_network_for_it_is_refused_before_anything(saliency_run, tagged, tmp_path):
    for told, message in (
        (
            "contrasts",
            "wanted joint, contrast, none, oracle or the run folder of a network for it; did you mean contrast?",
        ),
        (str(tmp_path / "gone"), "wanted joint, contrast, none, oracle or the run folder of a network for it$"),
    ):
        with pytest.raises(UsageError, match=message):
            verbs.segment_from_tags(str(tagged), tmp_path / "out", config=replace(SMALL, saliency=told))
    with pytest.raises(UsageError, match="then --saliency RUN here"):
        verbs.segment_from_tags(str(tagged), tmp_path / "out", config=SMALL, reading=Reading(masks="boxes"))
    assert not (tmp_path / "out").exists()


def test_each_salient_region_gets_the_class_that_the_network_sees_in_it_alone(tagged, tmp_path):
    work = stages(tagged, tmp_path, guide="g1")
    seeds, salient = work.seeds(), work.saliency()
    labels, seeder = work.guide_labels(seeds, salient, 0.5), work.seeder()
    regions = 0
    for index in range(len(work.images)):
        tags = work.images.tags[index]
        region = salient_regions(foreground(salient.maps[index][..., 0]))
        assert (labels.maps[index][..., 0][region == 0] == 0).all()
        scores = blanked_scores(seeder, work.images.batch([index]))
        for number in range(1, region.max() + 1):
            likeliest = max(np.flatnonzero(tags == 1), key=lambda label: scores(region == number)[label])
            assert (labels.maps[index][..., 0][region == number] == 1 + likeliest).all()
            regions += 1
    assert regions >= len(work.images)


def test_command_takes_both(saliency_run, tagged, tmp_path, capsys):
    words = ["segment", "--data", str(tagged), "--out", str(tmp_path / "out"), "--guide", "g1", "--saliency"]
    flags = ["--backbone", "alexnet-small", "--weights", "", "--seeder-steps", "1", "--segmenter-steps", "1"]
    assert main([*words, str(saliency_run), *flags, "--no-crf", "--no-overlays", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["settings"]["saliency"] == str(saliency_run)
    assert shown["settings"]["guide"] == "g1"
