"""Motions of points beside motions that are known, and windows beside plain loops."""

import numpy as np
import pytest

cv2 = pytest.importorskip("cv2")
from lessup.mining.camera_motion import busiest_window, moving_points  # noqa: E402
from toy_video import passing  # noqa: E402


def grey(frame):
    return cv2.cvtColor(cv2.GaussianBlur(frame, (0, 0), 1.5), cv2.COLOR_RGB2GRAY)


def test_pan_is_taken_out_and_what_crosses_it_moves_by_both():
    frames, place = passing(2, height=160, width=200, side=60, step=2, pan=3)
    points = moving_points(grey(frames[0]), grey(frames[1]))
    within = ((points.place > place[0] + 8) & (points.place < place[0] + 52)).all(1)
    outside = ((points.place < place[0] - 8) | (points.place > place[0] + 68)).any(1)
    assert within.sum() > 10
    assert outside.sum() > 50
    assert np.median(points.moved[within]) == pytest.approx(5, abs=0.3)  # 2 to the right, over what goes 3 to the left
    assert np.median(points.moved[outside]) < 0.1


def test_zooming_and_turning_camera_moves_no_point():
    frames, _ = passing(1, height=160, width=200, side=1)
    first = grey(frames[0])
    matrix = cv2.getRotationMatrix2D((100, 80), 1.5, 1.02)
    second = cv2.warpAffine(first, matrix, (200, 160), borderMode=cv2.BORDER_REFLECT)
    points = moving_points(first, second)
    assert len(points.moved) > 50
    assert (points.moved > 0.5).mean() < 0.1


def test_blank_frame_has_no_points_and_lost_ones_have_no_motion():
    blank = np.full((60, 80), 128, np.uint8)
    assert moving_points(blank, blank).num_seen == 0
    frames, _ = passing(1, height=60, width=80, side=1)
    lost = moving_points(grey(frames[0]), blank)
    assert lost.num_seen > 10
    assert len(lost.moved) == 0


@pytest.mark.parametrize("seed", range(5))
def test_window_holds_as_many_points_as_the_best_of_a_plain_loop(seed):
    place = np.random.default_rng(seed).uniform(0, (50, 30), (25, 2)).astype(np.float32)
    held = {
        (left, top): sum(left <= int(x) < left + 12 and top <= int(y) < top + 12 for x, y in place)
        for left in range(50 - 12 + 1)
        for top in range(30 - 12 + 1)
    }
    assert held[busiest_window(place, (30, 50), 12)] == max(held.values())


def test_window_lies_around_its_points_and_within_the_frame():
    assert busiest_window(np.array([[30.0, 20.0]], np.float32), (60, 80), 21) == (20, 10)
    assert busiest_window(np.array([[79.0, 59.0]], np.float32), (60, 80), 60) == (20, 0)
