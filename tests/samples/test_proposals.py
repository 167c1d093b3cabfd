"""Proposed regions of generated images."""

import numpy as np
import pytest

from lessup.errors import DataError, MissingExtraError
from lessup.metrics.detection import overlap
from lessup.samples import proposals
from lessup.samples.images import Images, Ragged
from lessup.samples.proposals import proposed, selective_search, windows


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def images(count: int = 3, channels: int = 3) -> Images:
    rng = np.random.default_rng(0)
    arrays = [rng.integers(0, 90, (40 + 4 * n, 60, channels)).astype(np.uint8) for n in range(count)]
    for array in arrays:
        array[10:30, 20:50] += 150
    return Images(
        pixels=Ragged.of(arrays),
        id=np.array([str(n) for n in range(count)]),
        label=np.zeros(count, np.int64),
        classes=("thing",),
        group=np.arange(count),
        official=np.full(count, ""),
        fingerprint="made",
    )


def test_windows_lie_within_the_image_and_cover_any_middling_box():
    regions = windows(48, 64)
    assert (regions[:, :2] >= 0).all()
    assert (regions[:, 2:] <= [64 + 1e-4, 48 + 1e-4]).all()
    rng = np.random.default_rng(0)
    size = rng.uniform(16, 40, (50, 2))
    low = rng.random((50, 2)) * ([64, 48] - size)
    best = overlap(np.concatenate([low, low + size], 1), regions).max(axis=1)
    assert (best >= 0.5).mean() > 0.8


def test_regions_are_kept_and_read_again(monkeypatch, home):
    first = proposed(images(), kind="windows", most=20)
    assert [len(each) for each in first.regions] == [20] * 3
    monkeypatch.setattr(proposals, "_found", lambda *_: pytest.fail("found anew"))
    again = proposed(images(), kind="windows", most=20)
    assert all(one.tolist() == other.tolist() for one, other in zip(first.regions, again.regions, strict=True))
    next(home.rglob("*.proposals.npz")).write_bytes(b"damaged")
    monkeypatch.undo()


def test_batch_fills_short_lists_with_empty_regions_and_a_part_keeps_its_own():
    whole = proposed(images(), kind="windows", most=1000)
    part = whole.take(np.array([2, 0]))
    batch = part.batch([0, 1])
    counts = [len(each) for each in part.regions]
    assert batch["proposals"].shape == (2, max(counts), 4)
    assert batch["proposals"][1, : counts[1]].numpy().tolist() == whole.regions[0].tolist()
    assert not batch["proposals"][int(np.argmin(counts)), min(counts) :].any()
    assert "proposals" in part.keys


def test_other_channels_are_refused_by_selective_search():
    with pytest.raises(DataError, match="use windows"):
        proposed(images(channels=5))


def test_missing_opencv_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cv2", None)
    with pytest.raises(MissingExtraError, match=r"lessup\[vision\]"):
        selective_search(np.zeros((20, 20, 3), np.uint8))


def test_selective_search_finds_a_bright_box():
    pytest.importorskip("cv2")
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[15:45, 20:60] = (200, 60, 60)
    assert overlap(np.array([[20, 15, 60, 45]], float), selective_search(pixels)).max() > 0.9
