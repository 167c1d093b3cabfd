"""One OpenCV, beside PyAV, and a clear word where PyAV is not installed."""

import io
import sys
import tomllib
from pathlib import Path

import numpy as np
import pytest

from lessup.errors import MissingExtraError
from lessup.formats.video_file import opened
from lessup.formats.video_index import index
from lessup.formats.video_window import pictures
from toy_video import video


def test_extras_bring_one_and_the_same_opencv():
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    assert len({each for each in wanted if "opencv" in each}) == 1


def test_missing_library_is_named_with_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'lessup\[video\]'"):
        index(io.BytesIO(b"x"), max_megapixels=1)


def test_tracker_of_opencv_follows_a_square_through_decoded_frames():
    pytest.importorskip("av")
    cv2 = pytest.importorskip("cv2")
    frames = np.full((20, 120, 160, 3), 30, np.uint8)
    texture = np.kron(np.random.default_rng(0).integers(0, 256, (8, 8, 3), np.uint8), np.ones((4, 4, 1), np.uint8))
    for number, frame in enumerate(frames):
        frame[40 : 40 + 32, 20 + 4 * number : 52 + 4 * number] = texture
    content = video(frames, bf=2)
    found = index(io.BytesIO(content), max_megapixels=120)
    tracker = cv2.TrackerKCF_create()
    with opened(io.BytesIO(content), max_megapixels=120) as file:
        for number, pixels in enumerate(pictures(file, found, range(20), size=200, channels=3)):
            if number == 0:
                tracker.init(pixels, (20, 40, 32, 32))
            else:
                is_found, box = tracker.update(pixels)
                assert is_found
                assert abs(box[0] - (20 + 4 * number)) <= 8  # of 76
