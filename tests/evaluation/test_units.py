"""Units are shown with the images that excite them, which are found here by loops over the maps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup.errors import DataError, UsageError
from lessup.evaluation import units as module
from lessup.evaluation.units import DIMMED, SHOWN, Units, strongest
from lessup.features import thumbnails
from lessup.samples.moments import Moments
from lessup.samples.splits import Split
from toy_frames import frames


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


def measure(method, test, **settings):
    nothing = test.take(np.arange(0))
    return Units(Units.Config(**settings)).measure(method, Split(nothing, nothing, test))


def test_strongest_images_are_of_different_groups():
    peak = np.array([[5.0, 0.0], [4.0, 1.0], [3.0, 2.0], [2.0, 3.0], [1.0, 9.0]], np.float32)
    found = strongest(peak, np.array([7, 7, 8, 9, 9]), 3)
    assert found.tolist() == [[0, 2, 3], [4, 2, 1]]


def test_agreement_is_counted_as_by_loops_over_maps(toy):
    images = discs(12, noise=60)
    result = measure(toy, images, layer="conv2", top=6, agree=0.5)
    with torch.no_grad():
        maps = toy.backbone.features(toy.prepared(images.batch(np.arange(len(images)))), ("conv2",))["conv2"]
    shares = []
    for unit in range(8):
        peak = [maps[n, unit].max().item() for n in range(len(images))]
        best = sorted(range(len(images)), key=lambda n, peak=peak: (-peak[n], n))[:6]
        labels = [int(images.label[n]) for n in best]
        shares.append(max(labels.count(label) for label in labels) / 6)
    row = result.rows["model"]
    assert row["agreement"].mean == pytest.approx(100 * np.mean(shares))
    assert row["selective"].mean == pytest.approx(100 * np.mean([share >= 0.5 for share in shares]))
    assert set(result.rows) == {"chance", "random", "model"}
    assert result.notes == ("layer conv2, 8 units, 6 images of different groups for each",)


def test_pictures_are_dimmed_outside_of_the_region_alone(toy):
    images = discs(8)
    result = measure(toy, images, layer="conv2", shown=3, images=2)
    figures = result.figures
    assert figures["patch"].shape == (3, 2, SHOWN, SHOWN, 3)
    for row, unit in enumerate(figures["unit"]):
        for column, name in enumerate(figures["id"][row]):
            one = images.take(np.flatnonzero(images.id == name))
            with torch.no_grad():
                maps = toy.backbone.features(toy.prepared(one.batch([0])), ("conv2",))["conv2"][0, unit]
            large = torch.nn.Upsample((SHOWN, SHOWN), mode="bilinear")(maps[None, None])[0, 0].numpy()
            whole, shown = thumbnails(one, SHOWN)[0], figures["patch"][row, column]
            bright = large >= 0.5 * large.max()
            np.testing.assert_array_equal(shown[bright], whole[bright])
            np.testing.assert_array_equal(shown[~bright], (DIMMED * whole[~bright]).astype(np.uint8))
    assert "sound" not in figures


def test_frames_come_with_the_sound_around_them(toy, monkeypatch):
    heard = np.linspace(-0.5, 0.25, 100).astype(np.float32)
    asked = []

    def sound(self, index, *, rate):
        asked.append((index, rate))
        return heard if index % 8 < 4 else np.zeros(0, np.float32)

    monkeypatch.setattr(Moments, "sound", sound)
    test = frames(32)
    figures = measure(toy, test, layer="conv2", shown=2, images=3).figures
    assert figures["sound"].shape == (2, 3, 100)
    assert {rate for _, rate in asked} == {module.SOUND_RATE}
    for number, (index, _) in enumerate(asked):
        wave, length = figures["sound"].reshape(6, -1)[number], figures["length"].reshape(6)[number]
        assert test.id[index] == figures["id"].reshape(6)[number]
        assert length == (100 if index % 8 < 4 else 0)
        np.testing.assert_allclose((wave[:length] - 128.0) / 127, heard[:length] / 0.5, atol=0.01)


def test_without_classes_there_are_pictures_and_no_scores(toy):
    result = measure(toy, replace(frames(32), moments=None), layer="conv2")
    assert result.rows == {}
    assert np.isnan(result.figures["agreement"]).all()


def test_few_groups_have_pictures_and_no_scores_and_it_is_said(toy):
    test = replace(frames(4 * 16, classes=("red", "green", "blue")), moments=None)
    result = measure(toy, test, layer="conv2")
    assert result.rows == {}
    assert np.isnan(result.figures["agreement"]).all()
    assert "16 groups are too few to count agreement: wanted 20 or more" in result.notes


def test_what_cannot_be_is_said(toy):
    with pytest.raises(UsageError, match="no map at layer fc6: choose among conv1, conv2, pool5"):
        measure(toy, discs(8), layer="fc6")
    with pytest.raises(DataError, match="3 held-out clips, or single images; units need 4"):
        measure(toy, frames(12))
    with pytest.raises(UsageError, match="wanted 1 or more"):
        measure(toy, discs(8), shown=0)
