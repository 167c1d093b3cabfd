"""A graph cut makes a mask of an object out of a map that lights up parts of it alone.

Karen Simonyan, Andrea Vedaldi, Andrew Zisserman, *Deep Inside Convolutional Networks: Visualising Image Classification
Models and Saliency Maps*, 2014, section 3.2, <https://arxiv.org/abs/1312.6034>; the cut is that of Yuri Boykov,
Marie-Pierre Jolly, *Interactive Graph Cuts for Optimal Boundary & Region Segmentation of Objects in N-D Images*, 2001.

The most salient pixels give a model of the object's colours, the least salient one of the background's. The cut gives
every pixel to the model that explains it better, unless a shorter border pays for more.

Differs from the paper: it does not give the number of Gaussians and the weight of the border; both are those of
Carsten Rother, Vladimir Kolmogorov, Andrew Blake, *"GrabCut"*, 2004, and so is how unlike colours are measured.
"""

import math
import warnings
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, MissingExtraError, ShapeError, UsageError
from lessup.masks.components import largest_component

Floats = NDArray[np.float64]

NEIGHBOURS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""Rows and columns to four of the eight neighbours of a pixel; the other four have it as theirs."""

SMALLEST_VARIANCE = 1.0
"""Added to the variances of colours in [0, 255], which are rounded to whole numbers, so that none is 0."""


@dataclass(frozen=True, kw_only=True)
class GraphCutConfig:
    """How colours are learnt and borders are paid for.

    Attributes:
        foreground_quantile: pixels whose saliency reaches this quantile show the object's colours.
        background_quantile: those up to this one show the background's.
        num_gaussians: of each model of colours.
        border: cost of a border between two pixels of equal colour, in units of a log probability.
        seed: of the first guess at the models of colours.

    Raises:
        UsageError: the quantiles do not rise from 0 to 1, or another number is negative.
    """

    foreground_quantile: float = 0.95
    background_quantile: float = 0.30
    num_gaussians: int = 5
    border: float = 50.0
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.background_quantile < self.foreground_quantile <= 1:
            raise UsageError(
                f"quantiles {self.background_quantile} and {self.foreground_quantile}: wanted 0 <= background < "
                "foreground <= 1"
            )
        if self.num_gaussians < 1 or not math.isfinite(self.border) or self.border < 0:
            raise UsageError(
                f"num_gaussians = {self.num_gaussians}, border = {self.border}: wanted at least 1, and a finite number "
                "of at least 0"
            )


PAPER = GraphCutConfig()


def graph_cut(
    pixels: NDArray[np.generic], saliency: NDArray[np.floating], config: GraphCutConfig = PAPER
) -> NDArray[np.bool_]:
    """Return the object of one image: the largest connected region of the cut.

    Args:
        pixels: (H, W, C), colours in [0, 255].
        saliency: (H, W) of one class, finite; any scale.
        config: quantiles, models and border.

    Returns:
        (H, W); nothing where the saliency is the same everywhere. Its box is ``bounding_box`` of it.

    Raises:
        DataError: saliency or colours are not finite.
        MissingExtraError: PyMaxflow is not installed.
        ShapeError: the map has another size than the image.

    Source: Simonyan et al., section 3.2.
    """
    if pixels.ndim != 3 or pixels.shape[:2] != saliency.shape:
        raise ShapeError(f"pixels {pixels.shape} and saliency {saliency.shape}: wanted (H, W, C) and (H, W)")
    if not (np.isfinite(pixels).all() and np.isfinite(saliency).all()):
        raise DataError("NaN or infinite colours or saliency: wanted finite ones")
    foreground, background = evidence(saliency, config)
    if not foreground.any():
        return np.zeros(saliency.shape, bool)
    costs = [colour_cost(pixels, known, config) for known in (foreground, background)]
    return largest_component(cut(costs[0], costs[1], border_costs(pixels, config.border)))


def evidence(
    saliency: NDArray[np.floating], config: GraphCutConfig = PAPER
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return (H, W) pixels that show the object's colours, and those that show the background's.

    No pixel shows both: where a saliency is shared by so many pixels that the quantiles meet, they are background.

    >>> [zone.tolist() for zone in evidence(np.array([[0.0, 0.0, 0.0, 0.2, 0.9]]))]
    [[[False, False, False, False, True]], [[True, True, True, False, False]]]
    """
    low, high = np.quantile(saliency, [config.background_quantile, config.foreground_quantile])
    background = saliency <= low
    return (saliency >= high) & ~background, background


def colour_cost(pixels: NDArray[np.generic], known: NDArray[np.bool_], config: GraphCutConfig = PAPER) -> Floats:
    """Return how ill each pixel's colour fits those of known pixels.

    Args:
        pixels: (H, W, C), colours in [0, 255].
        known: (H, W), at least one pixel.
        config: number of Gaussians and seed.

    Returns:
        (H, W), minus the log density of a mixture of Gaussians.
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    colours = pixels[known].astype(np.float64)
    if len(colours) == 1:
        colours = np.repeat(colours, 2, axis=0)  # a variance needs two
    mixture = GaussianMixture(
        min(config.num_gaussians, len(np.unique(colours, axis=0))),
        reg_covar=SMALLEST_VARIANCE,
        random_state=config.seed,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a model that still moves a little serves as well
        mixture.fit(colours)
    cost: Floats = -mixture.score_samples(pixels.reshape(-1, pixels.shape[2]).astype(np.float64))
    return cost.reshape(pixels.shape[:2])


def border_costs(pixels: NDArray[np.generic], border: float) -> dict[tuple[int, int], Floats]:
    """Return what a border costs between neighbours: less where colours differ, and over a longer distance.

    Args:
        pixels: (H, W, C).
        border: cost between two pixels side by side of equal colour.

    Returns:
        for each of ``NEIGHBOURS`` (H, W) costs between a pixel and that neighbour; 0 where it has none.

    Source: Boykov and Jolly, section 2; the unit of colours is that of Rother et al., eq. 5.
    """
    colours = pixels.astype(np.float64)
    apart = {step: np.full(colours.shape[:2], np.inf) for step in NEIGHBOURS}
    for (down, across), squares in apart.items():
        here, there = _pairs(down, across)
        squares[here] = ((colours[here] - colours[there]) ** 2).sum(axis=2)
    every = np.concatenate([squares[np.isfinite(squares)] for squares in apart.values()])
    unit = 2 * every.mean() if every.any() else 1.0
    return {step: border * np.exp(-squares / unit) / math.hypot(*step) for step, squares in apart.items()}


def cut(foreground_cost: Floats, background_cost: Floats, borders: dict[tuple[int, int], Floats]) -> NDArray[np.bool_]:
    """Return the cheapest division into foreground and background.

    Args:
        foreground_cost: (H, W) of each pixel, if it is foreground.
        background_cost: (H, W) of each pixel, if it is background.
        borders: (H, W) of each pixel and the neighbour so many rows down and columns to the right, if one is foreground
            and the other not.

    Returns:
        (H, W) foreground.

    Raises:
        MissingExtraError: PyMaxflow is not installed.

    Source: Boykov and Jolly, section 2.
    """
    try:
        import maxflow
    except ImportError as error:
        raise MissingExtraError("graph cuts need PyMaxflow: pip install 'lessup[masks]'") from error
    graph = maxflow.GraphFloat()
    nodes = graph.add_grid_nodes(foreground_cost.shape)
    for (down, across), costs in borders.items():
        here, there = _pairs(down, across)
        graph.add_edges(nodes[here].ravel(), nodes[there].ravel(), costs[here].ravel(), costs[here].ravel())
    cheaper = np.minimum(foreground_cost, background_cost)  # capacities must not be negative
    graph.add_grid_tedges(nodes, background_cost - cheaper, foreground_cost - cheaper)
    graph.maxflow()
    background: NDArray[np.bool_] = graph.get_grid_segments(nodes)  # True on the side of the sink
    return ~background


def _pairs(down: int, across: int) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """Return where pixels lie that have a neighbour so many rows down and columns right, and where that lies."""
    last = -down or None
    if across < 0:
        return (slice(None, last), slice(-across, None)), (slice(down, None), slice(None, across))
    return (slice(None, last), slice(None, -across or None)), (slice(down, None), slice(across, None))
