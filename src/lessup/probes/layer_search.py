"""Which layer speaks for a network where none is named: the one that tells held-out known samples best.

Methods differ in the layer that they use by default, and where they cut a backbone; a table of their defaults would
compare unlike layers. So each row has the best of the backbone's layers, as the published tables show several and the
reader takes the best.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from lessup.features import encode_layers
from lessup.methods import ImageEncoder, Method
from lessup.samples.label_draws import Draw, LabelledPool, hold_out

MOST_SAMPLES = 2_000
"""Known samples that are looked at: 0.4 GB of features for all layers of AlexNet, and seconds a layer."""

Features = Mapping[str, NDArray[np.float32]]
"""(P, D) of a pool by layer."""

Tell = Callable[[Features, LabelledPool, Draw], Mapping[str, float]]
"""Learns from what a draw knows and returns, by layer, how well it tells what the draw asks."""


def candidates(method: Method) -> tuple[str, ...]:
    """Return the layers to choose from, the default first: those of the backbone, or all where there is none.

    What a method puts behind its backbone, such as a code or the logits of its own classes, is not transferred.
    """
    shared = method.backbone.layers if isinstance(method, ImageEncoder) else method.layers
    return tuple(layer for layer in method.layers if layer in shared)


def looked_at(pool: LabelledPool, draws: Sequence[Draw]) -> LabelledPool:
    """Return the known samples of the first draw with the most of them, at most ``MOST_SAMPLES`` of them at random."""
    known = max(draws, key=lambda draw: len(draw.known)).known
    return pool.take(np.sort(np.random.default_rng((0, len(known))).permutation(known)[:MOST_SAMPLES]))


def searched(method: Method, known: LabelledPool, tell: Tell) -> str:
    """Return the layer that tells a third of the known samples best from the others; the default if all are equal.

    Args:
        method: trained or not, in ``eval`` mode.
        known: samples whose labels may be looked at.
        tell: scores layers.
    """
    layers = candidates(method)
    parted = hold_out(known, np.arange(len(known.targets)))
    if len(layers) == 1 or parted is None:
        return layers[0]
    encoded = [encode_layers(method, part, layers) for part in known.parts]
    told = tell({layer: np.concatenate([part[layer] for part in encoded]) for layer in layers}, known, parted)
    return max(layers, key=lambda layer: told[layer])


def how(method: Method, known: LabelledPool) -> tuple[str, ...]:
    """Say how the layers of all rows come about where none is named; nothing where there is but one."""
    layers = candidates(method)
    if len(layers) == 1:
        return ()
    if hold_out(known, np.arange(len(known.targets))) is None:
        return (f"too few samples are known to choose a layer: every row has the method's default, {layers[0]}",)
    return (
        f"no --layers given: each row has the one of {', '.join(layers)} that tells a third of {len(known.targets)} "
        "known samples best",
    )
