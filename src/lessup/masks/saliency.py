"""Saliency without training: what is unlike the parts of an image that lie along its rim, whatever its class.

Wangjiang Zhu, Shuang Liang, Yichen Wei, Jian Sun, *Saliency Optimization from Robust Background Detection*, 2014,
<https://openaccess.thecvf.com/content_cvpr_2014/html/Zhu_Saliency_Optimization_from_2014_CVPR_paper.html>.

A region is background if it meets the rim over a long way for its size; an object that the rim cuts off does not. A
part is salient if it contrasts with the background. Least squares weigh both against the wish for smooth maps.

Differs from the paper: contrast is scaled to [0, 1] in every image, as in the authors' code. What else that code does
is left out: ``docs/masks/saliency.md`` lists it.
"""

import math
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, ShapeError, UsageError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.int64]

DIGITS = 6
"""Of colours in CIE-Lab, behind the point: rounding errors must not tell parts of one colour apart."""

SHARE = 0.5
"""Of its maximum, from which on a map is foreground; Oh et al. 2017, in the authors' script."""


@dataclass(frozen=True, kw_only=True)
class SaliencyConfig:
    """How parts of an image are compared.

    Attributes:
        num_superpixels: about as many parts.
        compactness: of the parts; the higher, the squarer.
        sigma_colour: distance in CIE-Lab within which two parts are alike.
        sigma_rim: connectivity to the rim from which on a part is background.
        sigma_place: distance within which parts contrast, over the longer side of the image.
        smoothness: least pull between neighbours, however unlike their colours.

    Raises:
        UsageError: a number is not above 0.

    Source: the paper's values; the compactness is that of the authors' code.
    """

    num_superpixels: int = 200
    compactness: float = 20.0
    sigma_colour: float = 10.0
    sigma_rim: float = 1.0
    sigma_place: float = 0.25
    smoothness: float = 0.1

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if not math.isfinite(value) or value <= 0:
                raise UsageError(f"{field.name} = {value}: wanted a finite number above 0")


PAPER = SaliencyConfig()


def saliency(pixels: NDArray[np.uint8], config: SaliencyConfig = PAPER) -> Floats:
    """Return how much each pixel stands out.

    Args:
        pixels: (H, W, 1) or (H, W, 3).
        config: how parts are compared.

    Returns:
        (H, W) in [0, 1] with a maximum of 1; all 0 for an image of one colour.

    Raises:
        DataError: the image has another number of channels.
        ShapeError: there is no pixel, or the type is another.

    Source: eq. 9.
    """
    if pixels.ndim != 3 or not pixels.size or pixels.dtype != np.uint8:
        raise ShapeError(f"pixels of shape {pixels.shape} and {pixels.dtype}: wanted uint8 (H, W, C), each at least 1")
    if pixels.shape[2] not in (1, 3):
        raise DataError(f"saliency compares colours: {pixels.shape[2]} channels came, 1 or 3 are wanted")
    part, lab = superpixels(pixels, config)
    colour = part_means(part, lab).round(DIGITS)
    place = part_means(part, np.moveaxis(np.indices(part.shape), 0, 2))
    difference = _distances(colour)
    distance = _distances(place / max(part.shape))
    near, rim = neighbours(part), on_rim(part)
    background = background_probability(difference, near, rim, config)
    contrast = background_contrast(difference, distance, background, config)
    return optimised(difference, near, background, contrast, config)[part]


def foreground(saliency: NDArray[np.floating], *, share: float = SHARE) -> Flags:
    """Return (H, W) where a map reaches a share of its maximum; nowhere if it is nowhere above 0.

    >>> foreground(np.array([[0.1, 0.4, 0.8]]))
    array([[False,  True,  True]])
    """
    most = saliency.max(initial=0)
    reached: Flags = (saliency >= share * most) & (most > 0)
    return reached


def oracle(mask: NDArray[np.integer]) -> Flags:
    """Return (H, W) the true foreground: the pixels of any class in a true mask, which count.

    Args:
        mask: (H, W), 1 + class; 0 background, and -1 not to be counted, are not salient.
    """
    return mask > 0


def superpixels(pixels: NDArray[np.uint8], config: SaliencyConfig = PAPER) -> tuple[Numbers, Floats]:
    """Divide an image into parts of one colour.

    Args:
        pixels: (H, W, 1) or (H, W, 3).
        config: number and compactness.

    Returns:
        (H, W) numbers of the P parts from 0 on; (H, W, 3) the image in CIE-Lab.

    Source: Achanta et al., *SLIC Superpixels Compared to State-of-the-Art Superpixel Methods*, 2012, as in
    scikit-image.
    """
    from skimage.color import rgb2lab
    from skimage.segmentation import slic

    colours = np.broadcast_to(pixels, (*pixels.shape[:2], 3))
    count = min(config.num_superpixels, pixels.shape[0] * pixels.shape[1])
    number = slic(colours, count, config.compactness, convert2lab=True, start_label=0, channel_axis=2)
    return np.unique(number, return_inverse=True)[1].reshape(number.shape), rgb2lab(colours)


def part_means(part: Numbers, values: NDArray[np.generic]) -> Floats:
    """Return (P, C) means of (H, W, C) values over the pixels of each part."""
    channels = np.moveaxis(values, 2, 0).reshape(values.shape[2], -1)
    sums = np.stack([np.bincount(part.ravel(), channel) for channel in channels], axis=1)
    means: Floats = sums / np.bincount(part.ravel())[:, None]
    return means


def neighbours(part: Numbers) -> Flags:
    """Return (P, P) which parts touch along a side of a pixel; none touches itself.

    >>> neighbours(np.array([[0, 0, 1, 2]])).astype(int)
    array([[0, 1, 0],
           [1, 0, 1],
           [0, 1, 0]])
    """
    near = np.zeros((part.max() + 1,) * 2, bool)
    for one, other in ((part[:, 1:], part[:, :-1]), (part[1:], part[:-1])):
        near[one, other] = near[other, one] = True
    np.fill_diagonal(near, False)
    return near


def on_rim(part: Numbers) -> Flags:
    """Return (P,) which parts hold a pixel at the rim of the image."""
    rim = np.zeros(part.max() + 1, bool)
    rim[np.concatenate([part[0], part[-1], part[:, 0], part[:, -1]])] = True
    return rim


def background_probability(difference: Floats, near: Flags, rim: Flags, config: SaliencyConfig = PAPER) -> Floats:
    """Return how surely each part belongs to a region that meets the rim over a long way.

    Args:
        difference: (P, P) of colours.
        near: (P, P) which parts touch; those on the rim all count as touching.
        rim: (P,) which parts lie on it.
        config: the two sigmas.

    Returns:
        (P,) in [0, 1].

    Source: section 3.2, and the probability of section 4.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import dijkstra

    rows, columns = np.nonzero(near | (rim[:, None] & rim))
    steps = coo_array((difference[rows, columns], (rows, columns)), shape=near.shape).tocsr()
    way = dijkstra(steps, directed=False)
    alike = np.exp(-(way**2) / (2 * config.sigma_colour**2))
    connectivity = alike[:, rim].sum(axis=1) / np.sqrt(alike.sum(axis=1))
    probability: Floats = 1 - np.exp(-(connectivity**2) / (2 * config.sigma_rim**2))
    return probability


def background_contrast(
    difference: Floats, distance: Floats, background: Floats, config: SaliencyConfig = PAPER
) -> Floats:
    """Return how unlike each part is to the background near it.

    Args:
        difference: (P, P) of colours.
        distance: (P, P) of centres, over the longer side of the image.
        background: (P,) probability.
        config: the sigma of places.

    Returns:
        (P,) from 0 to 1; all 0 where all parts are equal.

    Source: section 4.
    """
    contrast = (difference * np.exp(-(distance**2) / (2 * config.sigma_place**2)) * background).sum(axis=1)
    span = np.ptp(contrast)
    return (contrast - contrast.min()) / span if span > 0 else np.zeros_like(contrast)


def optimised(
    difference: Floats, near: Flags, background: Floats, contrast: Floats, config: SaliencyConfig = PAPER
) -> Floats:
    """Return the saliency that costs least: 0 on background, 1 where there is contrast, alike in alike neighbours.

    Args:
        difference: (P, P) of colours.
        near: (P, P) which parts touch.
        background: (P,) weight of saliency 0.
        contrast: (P,) weight of saliency 1.
        config: the sigma of colours and the smoothness.

    Returns:
        (P,) from 0 to 1, divided by the maximum.

    Source: section 5, eq. 9.
    """
    pull = near * (np.exp(-(difference**2) / (2 * config.sigma_colour**2)) + config.smoothness)
    weights = np.diag(pull.sum(axis=1) + background + contrast)
    found = np.linalg.solve(weights - pull, contrast).astype(np.float64)
    return found / found.max() if found.max() > 0 else np.zeros_like(found)


def _distances(vectors: Floats) -> Floats:
    from scipy.spatial.distance import cdist

    distances: Floats = cdist(vectors, vectors)
    return distances
