import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tagged_folder import CLASSES, lay_out

from lessup import verbs
from lessup.cli import main
from lessup.errors import DataError, RunError, UsageError
from lessup.masks.joint_saliency import joint_saliency
from lessup.masks.seeds import at_threshold
from lessup.masks.stages import seeds_from
from lessup.runs import Run
from lessup.samples import Reading
from lessup.verbs.tag_stages import FromTagsConfig, TagStages, learnt_from

SMALL = FromTagsConfig(backbone="alexnet-small", weights="", seeder_steps=3, segmenter_steps=2, crf=False)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return lay_out(tmp_path_factory.mktemp("data") / "things", masks=True)


@pytest.fixture(scope="module")
def made(data, tmp_path_factory):
    """What a run leaves, and what it says of itself."""
    out = tmp_path_factory.mktemp("runs") / "weak"
    return out, verbs.segment_from_tags(str(data), out, config=SMALL)


def stages(out):
    return sorted(file.name.rpartition("-")[0] for file in (out / "stages").iterdir())


def test_tags_become_masks_of_the_images_that_were_learnt_from(made):
    out, record = made
    assert record == json.loads((out / "segment.json").read_text())
    assert record["images"] == 8
    assert record["notes"] == ["2 images of the test part are left alone"]
    assert stages(out) == ["guide", "joint-saliency", "masks", "saliency", "seeder", "seeds", "segmenter", "threshold"]
    assert sorted(file.stem for file in (out / "masks").iterdir()) == [f"{number:02d}" for number in range(8)]
    for number in range(8):
        mask = np.asarray(Image.open(out / "masks" / f"{number:02d}.png"))
        assert mask.shape == (56, 72)
        shown = {number % 3, *([(number + 1) % 3] if number % 2 else [])}
        assert set(np.unique(mask)) <= {0, *(1 + label for label in shown)}, "only classes of its tags"


def test_segmenter_that_is_left_segments_new_images(made, data, tmp_path):
    out, _ = made
    summary = verbs.segment(out, str(data / "images"), tmp_path / "new", crf=False)
    assert summary["images"] == 10
    assert [*summary["classes"]] == ["background", *CLASSES]


def test_segmenter_that_is_left_is_measured_on_the_test_part_and_shown_in_the_report(made, data, tmp_path):
    out, record = made
    scores = verbs.evaluate(out, "masks", str(data))
    assert scores["samples"] == 2
    assert list(scores["rows"]) == ["background", "tag_prior", "model", "model_crf"]
    assert (out / record["segmenter"] / "scores" / "masks.json").is_file()
    assert main(["report", str(out), "--out", str(tmp_path / "report.html")]) == 0
    page = (tmp_path / "report.html").read_text()
    assert "with dense CRF" in page
    assert "mean IoU" in page


def test_segmenter_was_trained_on_guide_labels_and_not_on_the_masks_that_the_data_has(made, data):
    out, record = made
    config = Run.open(out / record["segmenter"]).config
    assert config["data"]["fingerprint"] != verbs.train.__globals__["sources"].load(str(data)).fingerprint
    assert config["data"]["samples"] == 8
    assert config["training"]["steps"] == 2


def test_same_settings_train_nothing_again_and_other_settings_only_what_depends_on_them(made, data, capsys):
    out, _ = made
    before = {file: file.stat().st_mtime_ns for file in (out / "stages").rglob("*.ckpt")}
    maps = {file.name for file in (out / "stages").iterdir()}
    verbs.segment_from_tags(str(data), out, config=replace(SMALL, guide="g0", threshold=0.3))
    after = {file.name for file in (out / "stages").iterdir()}
    assert maps < after
    assert sorted(name.rpartition("-")[0] for name in after - maps) == ["guide", "joint-saliency", "masks", "segmenter"]
    assert all(file.stat().st_mtime_ns == time for file, time in before.items())
    assert "guide labels (g0) from seeds of a confidence of 0.30" in capsys.readouterr().err


def labels_learnt(stages):
    """Return what the segmenter of one row is trained on, image by image, and the numbers of these images."""
    labels, _ = stages.labels()
    return [labels.maps[index][..., 0] for index in stages.used()], stages.used()


def test_seeds_alone_true_foreground_and_true_masks_are_settings_for_rows_beside(made, data):
    out, record = made
    images, _ = learnt_from(verbs.train.__globals__["sources"].load(str(data)), str(data))
    flat = images.masks.flat.copy()
    flat[images.masks.start[2] : images.masks.start[3]] = 255
    truth = replace(images.masks, flat=flat)  # the third image has none
    bare = replace(images, masks=None)

    def stages(**row):
        config = replace(SMALL, threshold=record["threshold"], **row)
        return TagStages(bare, truth, str(data), out, config, Reading(), "cpu")

    masks, used = labels_learnt(stages(guide="masks"))
    assert used.tolist() == [0, 1, 3, 4, 5, 6, 7]
    assert all((mask == truth[index][..., 0]).all() for mask, index in zip(masks, used, strict=True))

    kept = stages().seeds()
    seeds, used = labels_learnt(stages(guide="seeds"))
    assert used.tolist() == [*range(8)]
    wanted = [at_threshold(*seeds_from(kept.maps[index]), record["threshold"]) for index in used]
    assert all((one == other).all() for one, other in zip(seeds, wanted, strict=True))

    spread, used = labels_learnt(stages(saliency="oracle"))
    assert used.tolist() == [0, 1, 3, 4, 5, 6, 7]
    seeded = [wanted[index][truth[index][..., 0] > 0].any() for index in used]
    for guide, index, any_seed in zip(spread, used, seeded, strict=True):
        inside = truth[index][..., 0] > 0
        assert (guide[inside] > 0).any() == any_seed, "spread through the true foreground, where seeds touch it"


def test_class_maps_have_a_say_in_what_is_salient_unless_contrast_alone_is_asked_for(made, data):
    out, record = made
    images, _ = learnt_from(verbs.train.__globals__["sources"].load(str(data)), str(data))
    for kind in ("joint", "contrast"):
        config = replace(SMALL, saliency=kind)
        stages = TagStages(replace(images, masks=None), None, str(data), out, config, Reading(), "cpu")
        seeds, salient = stages.seeds(), stages.saliency()
        found = stages.joint(seeds, salient, record["threshold"])
        if kind == "contrast":
            assert found is salient
            continue
        for index in range(len(images)):
            pixels, (_, confidence) = images.pixels[index], seeds_from(seeds.maps[index])
            wanted = joint_saliency(pixels, confidence, record["threshold"], salient.maps[index][..., 0] / 255)
            np.testing.assert_array_equal(found.maps[index][..., 0], np.rint(255 * wanted))


def test_command_with_true_masks_looks_for_no_seeds(data, tmp_path):
    record = verbs.segment_from_tags(str(data), tmp_path / "full", config=replace(SMALL, guide="masks"))
    assert stages(tmp_path / "full") == ["masks", "segmenter"]
    assert record["threshold"] is None


@pytest.mark.parametrize("row", [{"guide": "masks"}, {"saliency": "oracle"}])
def test_rows_that_look_at_masks_are_refused_where_there_are_none(row, tmp_path):
    folder = lay_out(tmp_path / "things")
    with pytest.raises(DataError, match="has no masks: wanted another --saliency, joint say"):
        verbs.segment_from_tags(str(folder), tmp_path / "out", config=replace(SMALL, **row))


def test_second_round_trains_on_the_masks_of_the_first(made, data):
    out, _ = made
    before = {file.name for file in (out / "stages").iterdir()}
    record = verbs.segment_from_tags(str(data), out, config=replace(SMALL, rounds=2))
    new = {file.name for file in (out / "stages").iterdir()} - before
    assert sorted(name.rpartition("-")[0] for name in new) == ["masks", "segmenter"]
    assert record["segmenter"].removeprefix("stages/") in new


def test_command_takes_a_table_from_elsewhere_and_a_folder_of_images(data, tmp_path, capsys):
    (tmp_path / "tags.csv").write_text((data / "tags.csv").read_text().replace(",test", ","))
    words = ["segment", "--data", str(data / "images"), "--tags", str(tmp_path / "tags.csv"), "--out"]
    flags = [
        "--backbone",
        "alexnet-small",
        "--weights",
        "",
        "--seeder-steps",
        "1",
        "--segmenter-steps",
        "1",
        "--no-crf",
    ]
    assert main([*words, str(tmp_path / "out"), *flags, "--saliency", "none", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["images"] == 10
    assert (tmp_path / "out" / "labels.txt").read_text().split() == ["background", *sorted(CLASSES)]


def test_tags_of_some_images_or_of_every_image_are_handled_and_said(tmp_path, capsys):
    folder = lay_out(tmp_path / "things", 6)
    lines = ["image,tags", "00.png,red", "01.png,red | green", "02.png,red", "03.png,", "04.png,red | green"]
    (folder / "tags.csv").write_text("\n".join(lines) + "\n")
    config = replace(SMALL, seeder_steps=1, segmenter_steps=1, threshold=0.5)
    record = verbs.segment_from_tags(str(folder), tmp_path / "out", config=config)
    assert record["images"] == 4
    assert record["notes"] == [
        "2 images without tags are not learnt from",
        "every image has red: nothing can be learnt of it",
    ]
    assert record["notes"][1] in capsys.readouterr().err


def test_folder_that_holds_something_else_and_settings_out_of_range_are_refused_before_anything(data, tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RunError, match="holds something else already"):
        verbs.segment_from_tags(str(data), tmp_path, config=SMALL)
    with pytest.raises(UsageError, match="rounds of 1 or more"):
        verbs.segment_from_tags(str(data), tmp_path / "out", config=replace(SMALL, rounds=0))
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_images_without_any_tag_are_refused(data, tmp_path):
    with pytest.raises(DataError, match=r"no image of .* has tags: name a table with --tags"):
        verbs.segment_from_tags(str(data / "images"), tmp_path / "out", config=SMALL)
    with pytest.raises(DataError, match="no table at"):
        verbs.segment_from_tags(str(data), tmp_path / "out", tags=str(tmp_path / "gone.csv"), config=SMALL)
