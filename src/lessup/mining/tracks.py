"""Pairs of patches of a video: a window where things move, and where a tracker finds it 30 frames later."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from lessup.mining.camera_motion import busiest_window, moving_points

Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels; right and bottom are outside."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    """Which windows are taken, and which are dropped.

    Attributes:
        window: side of the window as a share of the short side of a frame.
        length: frames from the first patch to the last.
        every: frames between two first patches.
        moves: pixels a frame beyond which a point moves.
        least: share of moving points below which a frame is dropped: what moves may be noise.
        most: share of moving points above which it is dropped: what moves may be the camera.
        points: points below which a frame is dropped: a share of few says nothing.
        outside: share of its side by which a patch may leave the frame; it is moved back into it.
        followed: share of its points below which a frame is not followed into the next one: a cut, or a blur.

    Source: Wang and Gupta, *Unsupervised Learning of Visual Representations using Videos*, 2015, section 4.1;
    ``every``, ``points``, ``outside`` and ``followed`` are ours.
    """

    window: float = 227 / 448
    length: int = 30
    every: int = 10
    moves: float = 0.5
    least: float = 0.25
    most: float = 0.75
    points: int = 20
    outside: float = 0.2
    followed: float = 0.5


@dataclass(frozen=True, eq=False)
class PatchPair:
    """Two patches that show the same thing.

    Attributes:
        frames: numbers of the first and the last frame.
        boxes: of the patches within these frames.
        patches: (S, S, 3) uint8 each.
    """

    frames: tuple[int, int]
    boxes: tuple[Box, Box]
    patches: tuple[NDArray[np.uint8], NDArray[np.uint8]]


@dataclass
class _Track:
    number: int
    box: Box
    patch: NDArray[np.uint8]
    tracker: Any


@dataclass
class Miner:
    """Looks through the frames of one clip.

    Attributes:
        rules: which windows are taken.
        num_frames: that were seen so far.
        dropped: how many windows were dropped so far, by reason.
    """

    rules: Rules = field(default_factory=Rules)
    num_frames: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    def pairs(self, frames: Iterable[NDArray[np.uint8]]) -> Iterator[PatchPair]:
        """Yield the pairs of a clip; a frame and the open tracks are held at a time.

        Args:
            frames: (H, W, 3) uint8, all of one size.
        """
        tracks: list[_Track] = []
        before: NDArray[np.uint8] | None = None
        for frame in frames:
            if before is not None and (self.num_frames - 1) % self.rules.every == 0:
                tracks += self._begun(before, frame)
            open_tracks = []
            for track in tracks:
                box = self._followed(track, frame)
                if box and self.num_frames - track.number == self.rules.length:
                    patches = (track.patch, _cut(frame, box))
                    yield PatchPair((track.number, self.num_frames), (track.box, box), patches)
                elif box:
                    open_tracks.append(track)
            tracks, before = open_tracks, frame
            self.num_frames += 1
        self.dropped["the clip ends before the track does"] += len(tracks)

    def _begun(self, before: NDArray[np.uint8], after: NDArray[np.uint8]) -> list[_Track]:
        """Return a track from the window of a frame, or none if the frame is dropped."""
        rules = self.rules
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in (before, after)]
        points = moving_points(grey[0], grey[1], threshold=rules.moves)  # type: ignore[arg-type]
        moving = points.moved > rules.moves
        share = float(moving.mean()) if len(moving) else 0.0
        reason = ""
        if points.num_seen < rules.points:
            reason = f"fewer than {rules.points} points"
        elif len(points.moved) < max(rules.followed * points.num_seen, rules.points):
            reason = "points are lost from one frame to the next"
        elif share < rules.least:
            reason = f"under {rules.least:.0%} of the points move"
        elif share > rules.most:
            reason = f"over {rules.most:.0%} of the points move"
        if reason:
            self.dropped[reason] += 1
            return []
        height, width = before.shape[:2]
        side = round(rules.window * min(height, width))
        left, top = busiest_window(points.place[moving], (height, width), side)
        box = (left, top, left + side, top + side)
        tracker = cv2.TrackerKCF.create()
        tracker.init(before, (left, top, side, side))
        return [_Track(self.num_frames - 1, box, _cut(before, box), tracker)]

    def _followed(self, track: _Track, frame: NDArray[np.uint8]) -> Box | None:
        """Return where a track goes on; None if it is lost, or leaves the frame."""
        found, (left, top, width, height) = track.tracker.update(frame)  # OpenCV cuts off what is outside
        if not found:
            self.dropped["the tracker loses the patch"] += 1
            return None
        side = len(track.patch)
        if min(width, height) < (1 - self.rules.outside) * side:
            self.dropped["the patch leaves the frame"] += 1
            return None
        left, top = min(left, frame.shape[1] - side), min(top, frame.shape[0] - side)
        return left, top, left + side, top + side


def _cut(frame: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    return frame[top:bottom, left:right].copy()
