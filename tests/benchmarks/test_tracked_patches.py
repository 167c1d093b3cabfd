"""Finding patches again, on generated videos and on patches whose nearest is known."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lessup import data
from lessup.features import raw_pixels
from lessup.samples.images import Images, Ragged
from toy_video import passing, video

pytest.importorskip("av")
pytest.importorskip("cv2")

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)
    import tracked_patches

    monkeypatch.setattr(tracked_patches, "OTHERS", 3)
    yield tracked_patches
    sys.modules.pop("tracked_patches")


def images(values, label, group):
    return Images(
        pixels=Ragged.of([np.full((8, 8, 3), value, np.uint8) for value in values]),
        id=np.array([str(n) for n in range(len(values))]),
        label=np.array(label),
        classes=("a", "b"),
        group=np.array(group),
        official=np.array([""] * len(values)),
        fingerprint="",
    )


def test_patch_is_found_where_no_window_of_another_clip_is_nearer(script):
    asked = images([10, 14, 100, 110], [0, 0, 1, 1], [5, 5, 6, 6])
    others = images([11, 12, 10, 105, 120, 130], [-1] * 6, [5, 5, 5, 6, 6, 6])
    found = script.found_again(asked, others, raw_pixels(asked, 4), raw_pixels(others, 4))
    assert found == [True, True], "windows of the same clip do not count"
    nearer = images([98, 12, 10, 105, 120, 130], [-1] * 6, [5, 5, 5, 6, 6, 6])
    assert script.found_again(asked, nearer, raw_pixels(asked, 4), raw_pixels(nearer, 4)) == [True, False]


def test_colours_are_counted_wherever_they_are(script):
    one = images([200, 20], [0, 0], [0, 0])
    one.pixels.flat[:96] = 20  # the upper half of the first
    found = script.colours(one)
    assert found.shape == (2, 64)
    assert found[0, [0, 63]] == pytest.approx([0.5**0.5] * 2)
    assert found[1, 0] == 1
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)


def test_windows_are_cut_from_every_clip_and_as_large(script, tmp_path):
    for name in ("a.mp4", "b.mp4"):
        (tmp_path / name).write_bytes(video(passing(5)[0]))
    clips = data.load(tmp_path)
    asked = replace(images([1, 2, 3, 4], [0, 0, 1, 1], [7, 7, 9, 9]), classes=("a.mp4 0-30", "b.mp4 10-40"))
    found = script.windows(clips, asked, seed=0)
    assert np.unique(found.group, return_counts=True)[1].tolist() == [3, 3]
    assert (found.pixels.extent == 40).all()
    assert set(found.group.tolist()) == {7, 9}
