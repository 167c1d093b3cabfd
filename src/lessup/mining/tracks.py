"""Pairs of patches of a video: a window where things move, and where a tracker finds it 30 frames later."""

from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
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
        window: side of the window as a share of the short side of a frame; it is the next lower number without prime
            factors above 5, for the tracker's Fourier transform takes three times as long at 122 pixels as at 120.
        length: frames from the first patch to the last.
        every: frames between two first patches.
        moves: pixels a frame beyond which a point moves.
        least: share of moving points below which a frame is dropped: what moves may be noise.
        most: share of moving points above which it is dropped: what moves may be the camera.
        points: points below which a frame is dropped: a share of few says nothing.
        outside: share of its side by which a patch may leave the frame; it is moved back into it.
        back: overlap (intersection over union) with the first patch below which a pair is dropped when its last patch
            is tracked back through the same frames.
        followed: share of its points below which a frame is not followed into the next one: a cut, or a blur.

    Source: Wang and Gupta, *Unsupervised Learning of Visual Representations using Videos*, 2015, section 4.1;
    ``every``, ``points``, ``outside``, ``back`` and ``followed`` are ours; for tracking back, Kalal, Mikolajczyk,
    Matas, *Forward-Backward Error: Automatic Detection of Tracking Failures*, 2010.
    """

    window: float = 227 / 448
    length: int = 30
    every: int = 10
    moves: float = 0.5
    least: float = 0.25
    most: float = 0.75
    points: int = 20
    outside: float = 0.2
    back: float = 0.5
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
        """Yield the pairs of a clip; the frames of one track are held at a time.

        Args:
            frames: (H, W, 3) uint8, all of one size.
        """
        tracks: list[_Track] = []
        held: deque[NDArray[np.uint8]] = deque(maxlen=self.rules.length + 1)
        for frame in frames:
            if held and (self.num_frames - 1) % self.rules.every == 0:
                tracks += self._begun(held[-1], frame)
            held.append(frame)
            open_tracks = []
            for track in tracks:
                box = self._followed(track, frame)
                if box and self.num_frames - track.number == self.rules.length:
                    if not self._leads_back(track, box, held):
                        continue
                    patches = (track.patch, _cut(frame, box))
                    yield PatchPair((track.number, self.num_frames), (track.box, box), patches)
                elif box:
                    open_tracks.append(track)
            tracks = open_tracks
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
        side = _without_large_factors(round(rules.window * min(height, width)))
        left, top = busiest_window(points.place[moving], (height, width), side)
        box = (left, top, left + side, top + side)
        return [_Track(self.num_frames - 1, box, _cut(before, box), _tracker(before, box))]

    def _leads_back(self, track: _Track, box: Box, frames: Sequence[NDArray[np.uint8]]) -> bool:
        """Tell whether a tracker that starts from the last patch of a track ends at its first."""
        tracker = _tracker(frames[-1], box)
        for frame in list(frames)[-2::-1]:
            found, (left, top, width, height) = tracker.update(frame)
            if not found:
                break
        else:
            if _overlap((left, top, left + width, top + height), track.box) >= self.rules.back:
                return True
        self.dropped["tracked back, the patch is elsewhere"] += 1
        return False

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


def _tracker(frame: NDArray[np.uint8], box: Box) -> Any:
    tracker = cv2.TrackerKCF.create()
    tracker.init(frame, (box[0], box[1], box[2] - box[0], box[3] - box[1]))
    return tracker


def _without_large_factors(side: int) -> int:
    """Return the largest number up to a side that has no prime factors above 5.

    >>> _without_large_factors(122), _without_large_factors(227)
    (120, 225)
    """
    while cv2.getOptimalDFTSize(side) != side:
        side -= 1
    return side


def _overlap(first: Box, second: Box) -> float:
    """Return the intersection of two boxes over their union.

    >>> _overlap((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    width, height = (min(first[n + 2], second[n + 2]) - max(first[n], second[n]) for n in (0, 1))
    shared = max(width, 0) * max(height, 0)
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (first, second))
    return shared / (areas - shared)


def _cut(frame: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    left, top, right, bottom = box
    return frame[top:bottom, left:right].copy()
