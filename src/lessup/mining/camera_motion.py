"""Points of a frame that move by themselves: what the motion of the camera does not explain."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

MOST_POINTS = 500
"""Corners that are followed in a frame."""

QUALITY = 0.01
"""Share of the strongest corner's response that a corner must have."""

APART = 5
"""Pixels between two corners."""

_WINDOW = (15, 15)
_LEVELS = 3
_BACK_PX = 0.5
"""A point that is not found again within so much of where it was, when it is followed back, was lost."""

_FEWEST = 4
"""Points that a homography needs."""


@dataclass(frozen=True, eq=False)
class Points:
    """M points of a frame that were found in the next one.

    Attributes:
        place: (M, 2) float32, x and y in pixels.
        moved: (M,) float32 pixels by which each moves beyond what the camera does; empty of fewer than 4 points.
        num_seen: points that were looked for.
    """

    place: NDArray[np.float32]
    moved: NDArray[np.float32]
    num_seen: int


def moving_points(before: NDArray[np.uint8], after: NDArray[np.uint8], *, threshold: float = 0.5) -> Points:
    """Follow the corners of a frame into the next one, and take out the motion of the camera.

    The camera's motion is the homography that most points agree with.

    Args:
        before: (H, W) grey.
        after: (H, W) the next frame.
        threshold: pixels by which a point may be off a homography and still agree with it.

    Source: Wang and Schmid, *Action Recognition with Improved Trajectories*, 2013, section 3.1, for the homography; Shi
    and Tomasi, *Good Features to Track*, 1994, and Lucas and Kanade, 1981, for the points; Kalal, Mikolajczyk, Matas,
    *Forward-Backward Error*, 2010, for which of them count.
    """
    corners = cv2.goodFeaturesToTrack(before, MOST_POINTS, QUALITY, APART)
    if corners is None:
        return Points(np.zeros((0, 2), np.float32), np.zeros(0, np.float32), 0)
    found, ahead, _ = cv2.calcOpticalFlowPyrLK(before, after, corners, None, winSize=_WINDOW, maxLevel=_LEVELS)  # type: ignore[call-overload]
    again, back, _ = cv2.calcOpticalFlowPyrLK(after, before, found, None, winSize=_WINDOW, maxLevel=_LEVELS)  # type: ignore[call-overload]
    off = np.linalg.norm(again - corners, axis=-1)
    kept = ((ahead == 1) & (back == 1) & (off <= _BACK_PX))[:, 0]
    place, gone = corners[kept, 0], found[kept, 0]
    homography = cv2.findHomography(place, gone, cv2.RANSAC, threshold)[0] if len(place) >= _FEWEST else None
    if homography is None:
        return Points(place, np.zeros(0, np.float32), len(corners))
    expected = cv2.perspectiveTransform(place[:, None], homography)[:, 0]
    return Points(place, np.linalg.norm(gone - expected, axis=1).astype(np.float32), len(corners))


def busiest_window(place: NDArray[np.float32], extent: tuple[int, int], side: int) -> tuple[int, int]:
    """Return left and top of the square that holds most points; of several, the one nearest to their middle.

    Args:
        place: (M, 2) x and y in pixels.
        extent: height and width of the frame.
        side: of the square, at most that of the frame.

    >>> busiest_window(np.array([[50.0, 5.0], [60.0, 6.0], [1.0, 1.0]], np.float32), (20, 80), 15)
    (48, 2)
    """
    height, width = extent
    column, row = np.clip(place.astype(np.int64), 0, (width - 1, height - 1)).T
    total = np.zeros((height + 1, width + 1), np.int64)
    np.add.at(total, (row + 1, column + 1), 1)
    total = total.cumsum(0).cumsum(1)
    held = total[side:, side:] - total[:-side, side:] - total[side:, :-side] + total[:-side, :-side]
    best = np.argwhere(held == held.max())
    middle = best.mean(0)
    top, left = best[np.square(best - middle).sum(1).argmin()]
    return int(left), int(top)
