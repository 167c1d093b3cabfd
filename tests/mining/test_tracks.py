"""Pairs of generated clips, in which it is known where what moves goes."""

import numpy as np
import pytest

pytest.importorskip("cv2")
from lessup.mining.tracks import Miner, Rules
from toy_video import passing


def mined(frames, **rules):
    miner = Miner(Rules(**rules))
    return list(miner.pairs(frames)), miner


def test_patch_goes_with_what_moves_and_not_with_the_camera():
    frames, place = passing(24, pan=1, step=2)
    pairs, miner = mined(frames, length=20, every=30)
    assert len(pairs) == 1
    assert pairs[0].frames == (0, 20)
    (left, top, *_), (later, low, *_) = pairs[0].boxes
    gone = place[20] - place[0]
    assert (later - left, low - top) == (pytest.approx(gone[0], abs=4), pytest.approx(gone[1], abs=4))
    assert miner.num_frames == 24


def test_boxes_are_where_the_patches_were_cut():
    frames, _ = passing(24)
    for pair in mined(frames, length=10, every=5)[0]:
        side = pair.patches[0].shape[0]
        assert side == 40, "41 is half of the frame, and prime"
        for number, (left, top, right, bottom), patch in zip(pair.frames, pair.boxes, pair.patches, strict=True):
            assert (right - left, bottom - top) == (side, side)
            np.testing.assert_array_equal(patch, frames[number][top:bottom, left:right])


def test_every_window_is_kept_or_counted_under_its_reason():
    frames, _ = passing(31)
    still = np.repeat(frames[:1], 12, axis=0)
    pairs, miner = mined(still, length=5, every=5)
    assert pairs == []
    assert +miner.dropped == {"under 25% of the points move": 3}
    pairs, miner = mined(np.zeros_like(still), length=5, every=5)
    assert +miner.dropped == {"fewer than 20 points": 3}
    pairs, miner = mined(frames, length=20, every=5)
    assert len(pairs) + miner.dropped.total() == 6
    assert miner.dropped["the clip ends before the track does"] == 6 - 3 - (3 - len(pairs))


def test_frame_of_which_most_moves_is_dropped():
    frames, _ = passing(4)
    assert +mined(frames, most=0.26, length=2)[1].dropped == {"over 26% of the points move": 1}


def test_pair_does_not_reach_over_a_cut():
    before, after = passing(15, seed=0)[0], passing(20, seed=1)[0]
    pairs, miner = mined(np.concatenate([before, after]), length=10, every=7)
    assert all(last < 15 or first >= 15 for first, last in (pair.frames for pair in pairs))
    assert miner.dropped["the tracker loses the patch"] + miner.dropped["the patch leaves the frame"] >= 1
    at_the_cut = mined(np.concatenate([before[:1], after[:3]]), length=2)[1]
    assert +at_the_cut.dropped == {"points are lost from one frame to the next": 1}


def test_patch_that_leaves_the_frame_is_dropped():
    frames, _ = passing(20)
    rising = np.stack([np.roll(frame, -2 * n, axis=0) for n, frame in enumerate(frames)])
    pairs, miner = mined(rising, least=0, most=1, length=19, every=40)
    assert pairs == []
    assert +miner.dropped == {"the patch leaves the frame": 1}


def test_patch_that_leaves_the_frame_by_little_is_moved_back_into_it():
    frames = passing(20)[0][:15]
    rising = np.stack([np.roll(frame, -2 * n, axis=0) for n, frame in enumerate(frames)])
    (pair,) = mined(rising, least=0, most=1, length=14, every=40)[0]
    (_, before, *_), (left, top, right, bottom) = pair.boxes
    assert before < 28, "it would be outside"
    assert (top, bottom - top, right - left) == (0, 40, 40)
    assert pair.patches[1].shape == (40, 40, 3)


def test_pair_whose_last_patch_does_not_lead_back_to_the_first_is_dropped():
    frames, _ = passing(24)
    assert len(mined(frames, length=20, every=40)[0]) == 1
    pairs, miner = mined(frames, length=20, every=40, back=1.01)
    assert pairs == []
    assert +miner.dropped == {"tracked back, the patch is elsewhere": 1}
    fading = np.stack([(frame * max(1 - n / 8, 0)).astype(np.uint8) for n, frame in enumerate(frames)])
    assert mined(fading, length=20, every=40)[0] == [], "what goes out, as fireworks do, is in no pair"


@pytest.mark.parametrize("count", [0, 1, 2])
def test_clip_of_no_or_few_frames_has_no_pairs(count):
    frames, _ = passing(3)
    pairs, miner = mined(frames[:count])
    assert pairs == []
    assert miner.num_frames == count
