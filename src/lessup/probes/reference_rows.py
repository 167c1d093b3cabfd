"""The networks beside which every trained one is measured: random weights, and weights scaled to the data."""

from dataclasses import dataclass

import torch
from torch import nn

from lessup.backbones import magic_init
from lessup.errors import UsageError
from lessup.features import untrained
from lessup.methods import ImageEncoder, Method
from lessup.samples import Samples
from lessup.samples.spacing import evenly_spaced
from lessup.training.modes import batch_on

Norm = nn.BatchNorm1d | nn.BatchNorm2d


@dataclass(frozen=True, eq=False)
class References:
    """Networks by the name of their row, and what must be said of them."""

    networks: dict[str, Method]
    notes: tuple[str, ...] = ()


def references(method: Method, samples: Samples, *, seed: int, settled: bool = False) -> References:
    """Return ``random``, and ``magic_init`` where the network is one that it can go through.

    Args:
        method: what is measured; it stays as it is.
        samples: training samples, from which the scales of ``magic_init`` are taken.
        seed: of the random weights.
        settled: whether the running statistics of ``random``, too, are those of the samples, for networks that will be
            fine-tuned with these statistics.
    """
    fresh = untrained(method, seed)
    networks = {"random": fresh}
    if not isinstance(fresh, ImageEncoder) or not isinstance(method, ImageEncoder):
        return References(networks)
    if settled:
        with torch.no_grad():
            settle(fresh.backbone, _looked_at(fresh, samples))
    try:
        networks["magic_init"] = magic_initialised(method, samples, seed=seed)
    except UsageError as error:
        return References(networks, (f"no row for magic-init: {error}",))
    return References(networks)


def magic_initialised(method: ImageEncoder, samples: Samples, *, seed: int) -> Method:
    """Return the same network with random weights scaled layer by layer, so that every channel has variance 1.

    The running statistics of batch normalisation are those of the same images.

    Args:
        method: stays as it is.
        samples: ``magic_init.NUM_IMAGES`` of them are looked at, evenly spaced.
        seed: of the random weights.

    Raises:
        UsageError: the network is none that magic-init goes through.
    """
    fresh = untrained(method, seed)
    assert isinstance(fresh, ImageEncoder)
    with torch.no_grad():
        images = _looked_at(fresh, samples)
        magic_init.initialise(magic_init.chain(fresh.backbone), images, seed=seed)
        settle(fresh.backbone, images)
    return fresh


def _looked_at(network: ImageEncoder, samples: Samples) -> torch.Tensor:
    """Return (B, C, S, S) ``magic_init.NUM_IMAGES`` of the samples, evenly spaced, as the network wants them."""
    chosen = evenly_spaced(len(samples), magic_init.NUM_IMAGES)
    return network.prepared(batch_on(network.device, samples, chosen))


def settle(network: nn.Module, images: torch.Tensor) -> None:
    """Set the running statistics of all batch normalisations to those of some images, and go back to ``eval`` mode."""
    norms = [module for module in network.modules() if isinstance(module, Norm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
    network.train()
    network(images)
    network.eval()
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
