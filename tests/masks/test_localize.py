"""What is looked for in images, and the files that come of it."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from toy_colours import knowing_colours, things

from lessup.errors import DataError
from lessup.masks.boxes import paper_boxes, release_boxes
from lessup.masks.image_maps import image_maps
from lessup.masks.localize import LEAST, LocalizeConfig, _file_names, localize_images


def lines(out):
    with (out / "boxes.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def map_of(images, index, label, scale="range"):
    return image_maps(knowing_colours(), images.batch([index]), torch.tensor([[label]]), scale=scale)[0][0]


def localized(images, out, **config):
    return localize_images(knowing_colours(), images, out, LocalizeConfig(**config))


def test_likeliest_class_of_every_image_gets_the_box_of_its_map(tmp_path):
    images = things(5)
    done = localized(images, tmp_path)
    assert [one.image for one in done.located] == [0, 1, 2, 3, 4]
    with torch.no_grad():
        scores = knowing_colours().classify(images.batch(range(5)))
    assert [one.label for one in done.located] == scores.argmax(1).tolist()
    for one, line in zip(done.located, lines(tmp_path), strict=True):
        score_map = map_of(images, one.image, one.label)
        assert list(one.corners) == paper_boxes(score_map)[0].tolist()
        assert one.score == pytest.approx(scores[one.image, one.label].item(), rel=1e-5)
        assert line["image"] == images.id[one.image]
        assert line["class"] == images.classes[one.label]
        stored = np.asarray(Image.open(tmp_path / line["map"]))
        assert (stored == np.rint(255 * score_map)).all()
    assert done.damage == ()


def test_two_likeliest_classes_come_in_order_of_their_score(tmp_path):
    done = localized(things(3), tmp_path, top=2, overlays=False, maps="none")
    scores = [one.score for one in done.located]
    assert [one.image for one in done.located] == [0, 0, 1, 1, 2, 2]
    assert all(first >= second for first, second in zip(scores[::2], scores[1::2], strict=True))
    assert not (tmp_path / "overlays").exists()
    assert not (tmp_path / "maps").exists()
    assert lines(tmp_path)[0]["map"] == ""


def test_named_classes_are_looked_for_in_every_image_at_another_threshold(tmp_path):
    images = things(2)
    done = localized(images, tmp_path, classes=(2, 0), threshold=0.5, maps="npy")
    assert [one.label for one in done.located] == [2, 0, 2, 0]
    for one in done.located:
        score_map = np.load(tmp_path / one.map, allow_pickle=False)
        np.testing.assert_allclose(score_map, map_of(images, one.image, one.label), atol=1e-6)
        assert list(one.corners) == paper_boxes(score_map, 0.5)[0].tolist()


def test_release_draws_its_own_box(tmp_path):
    images = things(3)
    for one in localized(images, tmp_path, method="release", maps="none", overlays=False).located:
        assert list(one.corners) == release_boxes(map_of(images, one.image, one.label))[0].tolist()


def test_labels_and_tags_of_the_data_are_looked_for_and_images_without_one_are_named(tmp_path):
    images = things(3)
    labelled = replace(images, label=np.array([1, -1, 2]))
    done = localized(labelled, tmp_path / "a", classes="labels")
    assert [(one.image, one.label) for one in done.located] == [(0, 1), (2, 2)]
    assert [(one.name, one.reason, one.skipped) for one in done.damage] == [("01.png", "no class known", True)]
    tags = np.array([[1, 0, 1], [0, 0, 0], [-1, 1, 0]], np.int8)
    done = localized(replace(images, tags=tags), tmp_path / "b", classes="labels")
    assert [(one.image, one.label) for one in done.located] == [(0, 0), (0, 2), (2, 1)]
    with pytest.raises(DataError, match="none of the 3 images has a class that the network knows"):
        localized(replace(images, label=np.full(3, -1)), tmp_path / "c", classes="labels")
    assert not (tmp_path / "c" / "boxes.csv").exists()


def test_class_that_nothing_speaks_for_has_no_box_and_is_named(tmp_path):
    images = things(1)
    red, green = localized(images, tmp_path, classes=(0, 1), scale="maximum").located
    assert red.corners is not None
    assert green.corners is None, "there is less green than red everywhere"
    black = replace(images, pixels=replace(images.pixels, flat=np.zeros_like(images.pixels.flat)))
    done = localized(black, tmp_path / "black", classes=(0,))
    assert done.located[0].corners is None
    assert [(one.reason, one.skipped) for one in done.damage] == [("nothing speaks for red, so it has no box", False)]
    assert lines(tmp_path / "black") == []
    assert json.loads((tmp_path / "black" / "instances.json").read_text())["annotations"] == []


def test_boxes_are_in_pixels_of_the_file_where_images_were_reduced(tmp_path):
    images = things(2)
    larger = replace(images, original=images.pixels.extent * np.array([2, 3]))
    plain = [one.corners for one in localized(images, tmp_path / "a").located]
    scaled = [one.corners for one in localized(larger, tmp_path / "b").located]
    np.testing.assert_allclose(scaled, np.array(plain) * [3, 2, 3, 2])
    content = json.loads((tmp_path / "b" / "instances.json").read_text())
    assert [[each["height"], each["width"]] for each in content["images"]] == larger.original.tolist()


def test_overlay_shows_the_box_where_it_lies_on_the_enlarged_image(tmp_path):
    images = things(1)
    (one,) = localized(images, tmp_path).located
    picture = np.asarray(Image.open(tmp_path / one.overlay))
    height, width = images.pixels.extent[0]
    times = picture.shape[0] // height
    assert picture.shape == (times * height, times * width, 3)
    assert min(picture.shape[:2]) >= LEAST > (times - 1) * min(height, width)
    left, top, right, bottom = (int(times * value) for value in one.corners)
    frame = (picture == (255, 60, 40)).all(2)
    assert frame[top, left:right].all()
    assert frame[bottom - 1, left:right].all()
    assert frame[top:bottom, right - 1].all()
    assert not frame[:top].any()


def test_classes_are_told_apart_by_the_names_of_their_files():
    assert _file_names(["Persian cat", "cat/dog", "cat:dog", "été"]) == ["Persian_cat", "cat_dog-1", "cat_dog-2", "été"]
