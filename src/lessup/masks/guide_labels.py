"""Guide labels: seeds say which class, saliency says how far it reaches; together they label an image to train on.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>; settings from the authors' code.

Three ways, each better than the one before: G0 gives every salient region a random class among the image's tags, G1 the
class that a classifier gives it, G2 the classes of the seeds in it. Nothing is left without a label.

Differs from the authors' code: the energy of the dense CRF is minus the logarithm of a probability, not minus the
probability itself, which is so weak that small seeds are lost to large ones; ``PAPER`` has it as it was. The code also
sets the two topmost rows of an image to background where a seed of the background touches saliency: an error of
indexing, which is not repeated.

Label maps hold 0 for the background and 1 + class, as the masks of ``Images`` do.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import ShapeError, UsageError
from lessup.masks.components import components
from lessup.masks.dense_crf import FINAL, DenseCRFConfig, dense_crf

Labels = NDArray[np.int64]
Flags = NDArray[np.bool_]

RegionScores = Callable[[Flags], NDArray[np.floating]]
"""Maps the (H, W) pixels of one salient region to (K,) scores of the classes in it."""

LEAST = 1e-3
"""Of the probability of a class that has no seed at a pixel, in the authors' code; one that has gets 1 - ``LEAST``."""


@dataclass(frozen=True, kw_only=True)
class GuideConfig:
    """What counts as a region or a seed, and how seeds share a region.

    Attributes:
        min_salient_share: least share of the image of a salient region.
        min_seed_area: pixels, least area of a connected seed.
        blur: standard deviation of the seeds' probabilities, pixels.
        energy: ``log`` takes minus the logarithm of a probability for the energy of the dense CRF, as is usual;
            ``probability`` minus the probability, as the authors' code does.
        crf: the dense CRF that divides a region among several classes.

    Raises:
        UsageError: an area or the blur is negative.
    """

    min_salient_share: float = 0.01
    min_seed_area: float = 25
    blur: float = 10.0
    energy: Literal["log", "probability"] = "log"
    crf: DenseCRFConfig = FINAL

    def __post_init__(self) -> None:
        for name in ("min_salient_share", "min_seed_area", "blur"):
            value = getattr(self, name)
            if not math.isfinite(value) or value < 0:
                raise UsageError(f"{name} = {value}: wanted a finite number of at least 0")


DEFAULT = GuideConfig()

PAPER = GuideConfig(energy="probability")
"""As the authors' code has it."""


def g0(
    salient: Flags, tags: NDArray[np.integer], generator: np.random.Generator, config: GuideConfig = DEFAULT
) -> Labels:
    """Give every salient region a random class of the image.

    Args:
        salient: (H, W).
        tags: (K,) 1 where a class is in the image; 0 and -1 (unknown) where not.
        generator: where the draws come from, one a region.
        config: least area of a region.

    Returns:
        (H, W) 1 + class, 0 background: everything that is not salient, and all of an image without tags.

    Source: Oh et al., G0.
    """
    regions = salient_regions(salient, config)
    present = np.flatnonzero(tags == 1) + 1
    if not len(present):
        return np.zeros_like(regions)
    return np.append(0, generator.choice(present, regions.max(initial=0)))[regions]


def commonest(salient: Flags, tags: NDArray[np.integer], counts: NDArray[np.integer]) -> Labels:
    """Give everything salient that class of the image which most images have: saliency alone, without any seed.

    Args:
        salient: (H, W).
        tags: (K,) 1 where a class is in the image.
        counts: (K,) images that have each class.

    Returns:
        (H, W) 1 + class, 0 background; all background for an image without tags.

    >>> commonest(np.array([[True, False]]), np.array([1, 0, 1]), np.array([3, 9, 5]))
    array([[3, 0]])
    """
    label = np.where(tags == 1, counts, -1).argmax() + 1 if (tags == 1).any() else 0
    return np.where(salient, label, 0)


def g1(salient: Flags, tags: NDArray[np.integer], scores: RegionScores, config: GuideConfig = DEFAULT) -> Labels:
    """Give every salient region that class of the image which a classifier finds likeliest in it.

    Args:
        salient: (H, W).
        tags: (K,) 1 where a class is in the image.
        scores: a classifier of regions: of the image with all else blanked, say, or ``mean_inside``.
        config: least area of a region.

    Returns:
        (H, W) 1 + class, 0 background: everything that is not salient, and all of an image without tags.

    Source: Oh et al., G1.
    """
    regions = salient_regions(salient, config)
    guide = np.zeros_like(regions)
    if (tags == 1).any():
        for inside in _each(regions):
            guide[inside] = np.where(tags == 1, scores(inside), -np.inf).argmax() + 1
    return guide


def mean_inside(class_maps: NDArray[np.floating]) -> RegionScores:
    """Return a classifier of regions: the mean of each class's map.

    Args:
        class_maps: (K, H, W).

    >>> mean_inside(np.array([[[1.0, 3.0, 9.0]], [[2.0, 4.0, 0.0]]]))(np.array([[True, True, False]]))
    array([2., 3.])
    """
    return lambda inside: class_maps[:, inside].mean(axis=1)


def g2(seed: Labels, salient: Flags, pixels: NDArray[np.generic], config: GuideConfig = DEFAULT) -> Labels:
    """Spread seeds through the salient regions that they touch.

    A region touched by no seed is background; one touched by seeds of one class is that class; one touched by several
    is divided by a dense CRF. A connected seed that touches no region stays as it is; of one that touches a region,
    what lies outside becomes background.

    Args:
        seed: (H, W) 1 + class, 0 background, of ``seeds``.
        salient: (H, W).
        pixels: (H, W, C), colours in [0, 255].
        config: least areas, and how a region is divided.

    Returns:
        (H, W) 1 + class, 0 background. Where nothing is salient, the seeds; where there are no seeds, all background.

    Raises:
        ShapeError: the arrays differ in size.

    Source: Oh et al., G2, and the authors' code.
    """
    if not seed.shape == salient.shape == pixels.shape[:2] or pixels.ndim != 3:
        raise ShapeError(
            f"seeds {seed.shape}, saliency {salient.shape}, pixels {pixels.shape}: wanted (H, W), (H, W) and (H, W, C)"
        )
    regions = salient_regions(salient, config)
    piece = seed_pieces(seed, config)
    guide = np.zeros_like(regions)
    for inside in _each(regions):
        classes = np.unique(seed[inside & (piece > 0)])
        if len(classes) == 1:
            guide[inside] = classes[0]
        elif len(classes) > 1:
            guide[inside] = divided(seed, classes, pixels, config)[inside]
    alone = (piece > 0) & ~np.isin(piece, piece[regions > 0])
    return np.where(alone, seed, guide)


def salient_regions(salient: Flags, config: GuideConfig = DEFAULT) -> Labels:
    """Return (H, W) the salient regions by number from 1 on, 0 outside; those that are too small do not count."""
    return components(salient, min_area=config.min_salient_share * salient.size)


def seed_pieces(seed: Labels, config: GuideConfig = DEFAULT) -> Labels:
    """Return (H, W) the connected seeds of one class by number from 1 on, 0 outside; small ones do not count.

    >>> seed_pieces(np.array([[1, 1, 2, 0, 1]]), GuideConfig(min_seed_area=1))
    array([[1, 1, 3, 0, 2]])
    """
    piece = np.zeros(seed.shape, np.int64)
    for number in np.unique(seed[seed > 0]):
        own = components(seed == number, min_area=config.min_seed_area)
        piece = np.where(own > 0, own + piece.max(), piece)
    return piece


def divided(seed: Labels, classes: Labels, pixels: NDArray[np.generic], config: GuideConfig = DEFAULT) -> Labels:
    """Divide an image among some classes by a dense CRF, from their seeds on.

    Args:
        seed: (H, W) 1 + class, 0 background.
        classes: (M,) those of ``seed`` that share the image.
        pixels: (H, W, C), colours in [0, 255].
        config: the seeds' blur and the CRF.

    Returns:
        (H, W) one of ``classes`` everywhere.
    """
    energy = torch.from_numpy(seed_energy(seed, classes, config)).float()
    image = torch.from_numpy(np.moveaxis(np.ascontiguousarray(pixels), 2, 0).copy())
    best = dense_crf(energy[None], image[None], config.crf)[0].argmax(0)
    shared: Labels = classes[best.numpy()]
    return shared


def seed_energy(seed: Labels, classes: Labels, config: GuideConfig = DEFAULT) -> NDArray[np.float64]:
    """Return (M, H, W) energies of some classes, lower near their seeds.

    Every pixel has the probability 1 - ``LEAST`` of its seed and ``LEAST`` of the others, which is then blurred.
    """
    from scipy.ndimage import gaussian_filter

    sure = np.where(seed == classes[:, None, None], 1 - LEAST, LEAST)
    near = np.stack([gaussian_filter(one, config.blur) for one in sure])
    return -near if config.energy == "probability" else -np.log(near)


def _each(regions: Labels) -> list[Flags]:
    return [regions == number for number in range(1, regions.max(initial=0) + 1)]
