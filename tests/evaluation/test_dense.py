"""The protocols of segmentation and detection on generated images: bright things on a dark ground."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from lessup import methods
from lessup.errors import DataError, UsageError
from lessup.evaluation.detection import Detection
from lessup.evaluation.segmentation import Segmentation
from lessup.samples.images import Boxes, Images, Ragged
from lessup.samples.splits import Folds, split
from lessup.training import build


def things(count: int = 24, *, annotated: int | None = None) -> Images:
    rng = np.random.default_rng(0)
    pixels, masks, boxes = [], [], []
    for number in range(count):
        image, mask = rng.integers(0, 60, (48, 64, 3)), np.zeros((48, 64, 1))
        top, left, label = int(rng.integers(0, 24)), int(rng.integers(0, 32)), number % 2
        image[top : top + 24, left : left + 32, label] += 190
        mask[top : top + 24, left : left + 32] = 1 + label
        if annotated is not None and number >= annotated:
            mask[:] = 255
        pixels.append(image.astype(np.uint8))
        masks.append(mask.astype(np.uint8))
        corners = np.array([[left, top, left + 32, top + 24]], np.float32)
        boxes.append(Boxes(corners, np.array([label]), np.array([False])))
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array([f"{number:02d}" for number in range(count)]),
        label=np.arange(count) % 2,
        classes=("red", "green"),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="things",
        boxes=tuple(boxes),
        masks=Ragged.of(masks),
    )


@pytest.fixture(scope="module")
def encoder():
    return build("autoencoder", methods.recipes("autoencoder")["cpu"]().config, seed=0).eval()


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))


@pytest.mark.slow
def test_segmentation_learns_what_is_bright_and_beats_calling_all_background(encoder):
    config = Segmentation.Config(steps=40, batch_size=8, side=64, learning_rate=3e-3)
    result = Segmentation(config).measure(encoder, split(things(), Folds()))
    rows = result.rows
    assert rows["background"]["iou/red"].mean == 0
    ground = rows["background"]["pixel_accuracy"].mean
    assert ground == pytest.approx(100 * (1 - 24 * 32 / (48 * 64)))
    assert rows["background"]["mean_iou"].mean == pytest.approx(ground / 3)
    assert rows["model"]["mean_iou"].mean > 1.5 * rows["background"]["mean_iou"].mean
    assert list(rows) == ["background", "random", "magic_init", "model"]
    assert result.figures["example_model"].shape == result.figures["example_truth"].shape


def test_images_without_a_mask_are_left_out_and_counted(encoder):
    result = Segmentation(Segmentation.Config(steps=1, batch_size=2, side=64)).measure(
        encoder, split(things(annotated=16), Folds())
    )
    assert result.notes == ("8 images without a mask are left out",)


@pytest.mark.parametrize(
    ("protocol", "settings"),
    [
        (Segmentation, {"steps": 15, "batch_size": 4, "learning_rate": 5e-3}),
        (Detection, {"steps": 3, "batch_size": 2, "proposals": "windows"}),
    ],
)
def test_several_trainings_give_mean_and_spread_over_their_seeds(encoder, protocol, settings):
    parts = split(things(), Folds())

    def measured(**more):
        config = protocol.Config(side=64, references=False, **settings, **more)
        return protocol(config).measure(encoder, parts).rows

    torch.manual_seed(1)
    (together,) = measured(repeats=2, seed=4).values()
    torch.manual_seed(2)
    alone = [measured(seed=seed)["model"] for seed in (4, 5)]
    for name, score in together.items():
        values = [one[name].mean for one in alone]
        assert score.n == 2
        assert score.mean == pytest.approx(sum(values) / 2)
        assert score.std == pytest.approx(abs(values[0] - values[1]) / 2**0.5)
        assert alone[0][name].n == 1
    assert any(score.std > 0 for score in together.values())
    with pytest.raises(UsageError, match="--repeats 0: wanted 1 or more"):
        measured(repeats=0)


def test_without_any_mask_nothing_is_segmented(encoder):
    with pytest.raises(DataError, match="images with masks"):
        Segmentation().measure(encoder, split(things(annotated=0), Folds()))


@pytest.mark.slow
def test_detection_learns_and_beats_calling_every_image_an_object(encoder):
    config = Detection.Config(steps=60, batch_size=4, side=64, learning_rate=1e-3, proposals="windows")
    rows = Detection(config).measure(encoder, split(things(), Folds())).rows
    assert list(rows) == ["whole_image", "random", "magic_init", "model"]
    assert rows["whole_image"]["map_11_point"].mean < 10, "the thing is a quarter of its image"
    assert rows["model"]["map_11_point"].mean > 30


BARE = Boxes(np.zeros((0, 4), np.float32), np.zeros(0, np.int64), np.zeros(0, bool))


def test_images_without_a_box_are_left_out_and_counted(encoder):
    parts = split(things(), Folds())
    train, test = (
        replace(part, boxes=(*[BARE] * bare, *part.boxes[bare:])) for part, bare in ((parts.train, 3), (parts.test, 2))
    )
    config = Detection.Config(steps=1, batch_size=2, side=64, proposals="windows", references=False)
    notes = Detection(config).measure(encoder, replace(parts, train=train, test=test)).notes
    assert "3 training and 2 test images without a box are left out" in notes
    assert len(notes) == 2
    assert "covered by half by a windows region" in notes[0]
    assert len(Detection(config).measure(encoder, parts).notes) == 1


def test_without_boxes_nothing_is_detected(encoder):
    samples = things()
    empty = replace(samples, boxes=(BARE,) * len(samples))
    with pytest.raises(DataError, match="images with boxes"):
        Detection(Detection.Config(proposals="windows")).measure(encoder, split(empty, Folds()))
