"""The window of sound around a moment."""

import pytest

from lessup.formats.video_index import SoundTrack
from lessup.samples.moments import around


def track(start, length, rate=1000):
    return SoundTrack(rate, 1, start, length, 1.0, 0, 0, 0.0)


@pytest.mark.parametrize(
    ("second", "start", "length"),
    [(5.0, 3.0, 4.0), (0.5, 0.0, 4.0), (9.5, 6.0, 4.0)],
    ids=["in the middle", "at the beginning", "at the end"],
)
def test_window_lies_around_the_moment_and_within_the_sound(second, start, length):
    assert around(track(0, 10_000), second, 4.0) == pytest.approx((start, length))


def test_sound_that_is_shorter_is_taken_as_a_whole():
    assert around(track(500, 2_000), 1.0, 4.0) == pytest.approx((0.5, 2.0))
