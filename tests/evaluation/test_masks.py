"""The protocol of segmenters, on one whose probabilities are known by hand: the brighter a channel, the likelier."""

from dataclasses import replace

import numpy as np
import pytest
from toy_segmenter import ToySegmenter

from lessup.errors import DataError
from lessup.evaluation.masks import Masks
from lessup.samples.images import Images, Ragged
from lessup.samples.splits import Split

NAMES = ("red", "green", "blue")


def images(count: int = 4) -> Images:
    """Squares of one colour; every true mask lies a row lower than what shines, and one column is not counted."""
    pixels, masks = [], []
    for number in range(count):
        image, mask = np.zeros((20 + number, 24, 3), np.uint8), np.zeros((20 + number, 24, 1), np.uint8)
        image[4:12, 6:18, number % 3] = 250
        mask[5:13, 6:18] = 1 + number % 3
        mask[:, 0] = 255
        pixels.append(image)
        masks.append(mask)
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array([f"{number:02d}" for number in range(count)]),
        label=np.arange(count) % 3,
        classes=NAMES,
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="squares",
        masks=Ragged.of(masks),
    )


def measured(test: Images, **settings):
    nothing = test.take(np.arange(0))
    config = Masks.Config(**settings)
    return Masks(config).measure(ToySegmenter().eval(), Split(train=nothing, validation=nothing, test=test))


def test_scores_are_those_of_all_pixels_together_counted_by_hand():
    rows = measured(images(3), crf=False).rows
    assert set(rows) == {"background", "tag_prior", "model"}
    both, either = 7 * 12, 9 * 12
    counted = sum(20 + number for number in range(3)) * 23
    ground = counted - 3 * 8 * 12
    for name in NAMES:
        assert rows["model"][f"iou/{name}"].mean == pytest.approx(100 * both / either)
    wrong = 3 * 12  # below what shines, and as many above
    assert rows["model"]["iou/background"].mean == pytest.approx(100 * (ground - wrong) / (ground + wrong))
    assert rows["model"]["pixel_accuracy"].mean == pytest.approx(100 * (1 - 2 * wrong / counted))
    each = [rows["model"][f"iou/{name}"].mean for name in ("background", *NAMES)]
    assert rows["model"]["mean_iou"].mean == pytest.approx(np.mean(each))
    assert rows["background"]["mean_iou"].mean == pytest.approx(100 * ground / counted / 4)


def test_tag_prior_gives_the_whole_image_the_commonest_of_its_classes():
    tags = np.array([[1, 1, 0], [0, 1, 0], [0, 1, 1], [0, 0, 0]], np.int8)
    result = measured(replace(images(4), tags=tags), crf=False, pictures=4)
    found = result.figures["example_tag_prior"]
    assert [int(each[0, 0]) for each in found] == [2, 2, 2, 0]


def test_row_with_the_dense_crf_stands_beside_that_of_the_network_alone():
    rows = measured(images(3)).rows
    assert list(rows) == ["background", "tag_prior", "model", "model_crf"]
    assert rows["model_crf"]["mean_iou"].mean > 50


def test_images_without_a_mask_are_left_out_and_counted():
    test = images(4)
    bare = test.masks.flat.copy()
    bare[test.masks.start[3] :] = 255
    result = measured(replace(test, masks=replace(test.masks, flat=bare)), crf=False)
    assert result.notes == ("1 of 4 images without a mask are left out",)
    assert result.rows["model"] == measured(images(3), crf=False).rows["model"]


def test_without_any_mask_nothing_is_measured():
    test = images(2)
    bare = replace(test.masks, flat=np.full_like(test.masks.flat, 255))
    with pytest.raises(DataError, match="none of the 2 test images has a mask"):
        measured(replace(test, masks=bare))


def test_pictures_are_as_many_as_asked_for_and_hold_what_is_not_counted():
    figures = measured(images(4), crf=False, pictures=2).figures
    assert figures["example_image"].shape == (2, 23, 24, 3)
    assert figures["example_truth"].shape == figures["example_model"].shape == (2, 23, 24)
    assert (figures["example_truth"][0, 20:] == -1).all(), "beyond the extent of the first image"
    assert (figures["example_truth"][:, :, 0] == -1).all()
    assert measured(images(2), crf=False, pictures=0).figures == {}
