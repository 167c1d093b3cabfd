"""How well a method gives held-out images back from their codes, and what images of its own look like.

Source: Donahue, Krähenbühl, Darrell, *Adversarial Feature Learning*, 2017, figures 2 and 4; the distances are those
that its released code prints as ``EGr`` and ``EGr_b``.

Differs from the paper: rows for the mean image and for an untrained network; the other image is the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.methods import ImageGenerator, Method, Reconstructor
from lessup.samples import Batch, Samples
from lessup.samples.splits import Split
from lessup.transforms.crops import resize_whole
from lessup.transforms.draws import Draws

BATCH = 128
"""Images reconstructed at once."""


class Reconstruction(Protocol):
    """Mean Euclidean distance of an image's values (0 to 1) to what comes back from it, and from the next image.

    ``distance`` means little by itself: an image that could be any has a small one. Well below ``distance_other`` it
    says that codes tell images apart.

    Figures: ``example_id`` (E,) str, ``example_truth`` and ``example_model`` (E, S, S, C) uint8, and ``drawn``
    (E, S, S, C) uint8 where the method makes images of its own.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            images: how many held-out images are given back; 0 takes all.
            seed: decides which, and the codes of the method's own images.
            pictures: how many are kept to be looked at.
        """

        images: int = 2_000
        seed: int = 0
        pictures: int = 20

    paper: ClassVar[str] = "Donahue et al., Adversarial Feature Learning, 2017, https://arxiv.org/abs/1605.09782"
    reads: ClassVar[tuple[str, ...]] = ("image", "extent")
    needs: ClassVar[type[Method]] = Reconstructor  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Measure the model, an untrained one and the mean image on the test part.

        Raises:
            DataError: fewer than two images are held out.
            UsageError: the method, as it was configured, has no codes.
        """
        assert isinstance(method, Reconstructor)
        if len(split.test) < 2:
            raise DataError("wanted two images or more that are held out: train with --folds 2 or more")
        chosen = np.random.default_rng(self.config.seed).permutation(len(split.test))[: self.config.images or None]
        test = split.test.take(chosen)
        fresh = untrained(method, self.config.seed)
        assert isinstance(fresh, Reconstructor)
        truth = _of_all(test, method.device, lambda batch: _squares(batch, method.side))
        model = _of_all(test, method.device, method.reconstruct)
        given = {
            "mean_image": truth.mean(0, keepdim=True).expand_as(truth),
            "random": _of_all(test, method.device, fresh.reconstruct),
            "model": model,
        }
        figures = {
            "example_id": test.id[: self.config.pictures],
            "example_truth": _as_bytes(truth[: self.config.pictures]),
            "example_model": _as_bytes(model[: self.config.pictures]),
        }
        if isinstance(method, ImageGenerator):
            with torch.inference_mode():
                draws = Draws.at(self.config.seed, device=method.device)
                figures["drawn"] = _as_bytes(method.draw(self.config.pictures, draws).cpu())
        return Result({row: _scores(images, truth) for row, images in given.items()}, figures)


def _of_all(samples: Samples, device: torch.device, function: Callable[[Batch], Tensor]) -> Tensor:
    """Return what a function of a batch gives for all samples, on the CPU."""
    parts = []
    with torch.inference_mode():
        for start in range(0, len(samples), BATCH):
            compact = samples.read(np.arange(start, min(start + BATCH, len(samples))))
            batch = samples.expand({key: value.to(device) for key, value in compact.items()})
            parts.append(function(batch).float().cpu())
    return torch.cat(parts)


def _squares(batch: Batch, side: int) -> Tensor:
    return resize_whole(batch["image"], batch["extent"], (side, side))


def _scores(images: Tensor, truth: Tensor) -> dict[str, Score]:
    """Return the mean distances of (N, C, S, S) images to their own truth and to that of the image after it."""
    own, other = ((images - wanted).flatten(1).norm(dim=1) for wanted in (truth, truth.roll(-1, 0)))
    return {"distance": Score(own.mean().item()), "distance_other": Score(other.mean().item())}


def _as_bytes(images: Tensor) -> NDArray[np.generic]:
    """Return (E, S, S, C) uint8 from (E, C, S, S) in [0, 1]."""
    pixels: NDArray[np.uint8] = (images.clamp(0, 1) * 255).round().to(torch.uint8).movedim(1, -1).numpy()
    return pixels
