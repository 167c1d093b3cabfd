"""GrabCut turns a box around an object into a mask of the object.

Carsten Rother, Vladimir Kolmogorov, Andrew Blake, *"GrabCut": Interactive Foreground Extraction using Iterated Graph
Cuts*, 2004, as OpenCV has it. Masks from boxes of some classes train a network for saliency that serves others (Oh et
al. 2017).
"""

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, MissingExtraError, ShapeError, UsageError

Flags = NDArray[np.bool_]

FEWEST = 5
"""Gaussians of a model of colours in OpenCV; both the boxes and what is outside need as many pixels."""

LEAST_SHARE = 0.2
"""Of its box; an object smaller than that is not believed. Ours: it lost the object's colours to the background."""


def box_masks(pixels: NDArray[np.uint8], boxes: NDArray[np.floating], *, num_iterations: int = 5) -> Flags:
    """Return the object in each box: what is unlike the image outside all boxes.

    The image is cut once, so that no object counts as background of another.

    Args:
        pixels: (H, W, 1) or (H, W, 3).
        boxes: (M, 4) left, top, right, bottom in pixels, right and bottom outside; whole pixels that a box touches
            belong to it.
        num_iterations: of learning colours and cutting.

    Returns:
        (M, H, W), nothing outside the box. The whole box where GrabCut has too little to learn from (fewer than
        ``FEWEST`` pixels in all boxes or outside) or finds less than ``LEAST_SHARE`` of it; nothing for a box without
        pixels in the image.

    Raises:
        DataError: the image has another number of channels.
        MissingExtraError: OpenCV is not installed.
        ShapeError: pixels or boxes have another shape or type.
        UsageError: there is no iteration.
    """
    if pixels.ndim != 3 or pixels.dtype != np.uint8 or boxes.ndim != 2 or boxes.shape[1] != 4:
        raise ShapeError(
            f"pixels {pixels.shape} of {pixels.dtype} and boxes {boxes.shape}: wanted uint8 (H, W, C) and (M, 4)"
        )
    if pixels.shape[2] not in (1, 3):
        raise DataError(f"GrabCut compares colours: {pixels.shape[2]} channels came, 1 or 3 are wanted")
    if num_iterations < 1:
        raise UsageError(f"num_iterations = {num_iterations}: wanted at least 1")
    masks = inside(boxes, pixels.shape[:2])
    within = np.logical_or.reduce(masks, axis=0)
    if min(within.sum(), (~within).sum()) >= FEWEST:
        colours = np.ascontiguousarray(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
        found = masks & _grab_cut(colours, within, num_iterations)
        area, whole = (each.sum(axis=(1, 2), keepdims=True) for each in (found, masks))
        masks = np.where(area < LEAST_SHARE * whole, masks, found)
    return masks


def inside(boxes: NDArray[np.floating], size: tuple[int, ...]) -> Flags:
    """Return (M, H, W) which pixels of an image of a size (H, W) each box touches.

    >>> inside(np.array([[0.5, 0, 9, 1]]), (2, 3)).astype(int)
    array([[[1, 1, 1],
            [0, 0, 0]]])
    """
    touched = np.zeros((len(boxes), *size), bool)
    low, high = np.floor(boxes[:, :2]).clip(0), np.ceil(boxes[:, 2:]).clip(0)
    for mask, (left, top), (right, bottom) in zip(touched, low.astype(int), high.astype(int), strict=True):
        mask[top:bottom, left:right] = True
    return touched


def _grab_cut(colours: NDArray[np.uint8], within: Flags, num_iterations: int) -> Flags:
    """Return (H, W) the foreground among the pixels ``within``."""
    try:
        import cv2
    except ImportError as error:
        raise MissingExtraError("masks from boxes need OpenCV: pip install 'lessup[vision]'") from error
    cv2.setRNGSeed(0)  # its first models of colours are drawn at random, from a generator that all of OpenCV shares
    state = np.where(within, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    models = np.zeros((2, 1, 65))
    cv2.grabCut(colours, state, (0, 0, 0, 0), models[0], models[1], num_iterations, cv2.GC_INIT_WITH_MASK)
    found: Flags = (state == cv2.GC_FGD) | (state == cv2.GC_PR_FGD)
    return found
