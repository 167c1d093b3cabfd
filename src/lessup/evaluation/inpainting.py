"""How well a method fills holes of held-out images, beside one colour, a smooth surface and an untrained network.

Source: Pathak et al., *Context Encoders: Feature Learning by Inpainting*, 2016, table 1.

Differs from the paper: the errors are those of missing pixels alone, without the rim that the network was shown; rows
for the trivial ways to fill. Each image is measured by itself, and the table holds the means over images.
"""

import sys
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track
from torch import Tensor

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.methods import Inpainter, Method
from lessup.metrics.hole_error import hole_errors
from lessup.samples import Samples
from lessup.samples.splits import Split
from lessup.transforms.draws import Draws

METRICS = ("l1", "l2", "psnr")
"""Errors in percent of the range of values, and dB."""

UNITS = (100.0, 100.0, 1.0)

Fill = Callable[[Tensor, Tensor], Tensor]
"""Fills images (B, C, S, S) where (B, S, S) is True."""


class Inpainting(Protocol):
    """Errors of filled pixels: ``l1`` and ``l2`` in percent of the range 0 to 1, ``psnr`` in dB, by image, then meaned.

    Figures: ``rows`` (R,) str, ``id`` (N,) str and ``psnr`` (R, N) of each image; ``example_id`` (E,), ``example_hole``
    (E, S, S) bool, ``example_truth`` and ``example_ROW`` (E, S, S, 3) uint8.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            images: how many held-out images are filled, the same for every row; 0 takes all.
            biharmonic: fill with a biharmonic surface too; 0.02 s for an image of 64 pixels a side, more for larger
                holes.
            seed: decides which images, and their holes where those are random.
            pictures: how many of the images are kept to be looked at.
            batch_size: images filled at once.
        """

        images: int = 500
        biharmonic: bool = True
        seed: int = 0
        pictures: int = 12
        batch_size: int = 50

    paper: ClassVar[str] = "Pathak et al., Context Encoders, 2016, https://arxiv.org/abs/1604.07379"
    reads: ClassVar[tuple[str, ...]] = ("image", "extent")
    needs: ClassVar[type[Method]] = Inpainter  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Measure the model and the trivial fills on the test part.

        Raises:
            DataError: the test part is empty.
        """
        assert isinstance(method, Inpainter)
        if not len(split.test):
            raise DataError("no images are held out to be filled: train with --folds 2 or more")
        chosen = np.random.default_rng(self.config.seed).permutation(len(split.test))[: self.config.images or None]
        test = split.test.take(chosen)
        fills = _fills(method, biharmonic=self.config.biharmonic)
        errors: dict[str, list[Tensor]] = {row: [] for row in fills}
        examples: dict[str, list[Tensor]] = {}
        missing: list[Tensor] = []
        for image, hole in self._batches(method, test):
            filled = {row: fill(image, hole) for row, fill in fills.items()}
            missing.append(hole.double().mean((1, 2)))
            for row, pixels in filled.items():
                errors[row].append(hole_errors(pixels, image, hole))
            for name, pixels in {"truth": image, "hole": hole, **filled}.items():
                kept = sum(map(len, examples.setdefault(name, [])))
                examples[name].append(pixels[: max(self.config.pictures - kept, 0)])
        by_row = {row: torch.cat(parts).numpy() for row, parts in errors.items()}
        figures = _figures(by_row, test, {name: torch.cat(parts) for name, parts in examples.items()})
        notes = _notes(by_row, torch.cat(missing).mean().item())
        return Result({row: _scores(values) for row, values in by_row.items()}, figures, notes)

    def _batches(self, method: Inpainter, test: Samples) -> Iterator[tuple[Tensor, Tensor]]:
        """Give images (B, C, S, S) and their holes (B, S, S), on the CPU; an image's hole depends on its name alone."""
        starts = range(0, len(test), self.config.batch_size)
        for start in track(starts, "inpaint", console=Console(stderr=True), disable=not sys.stderr.isatty()):
            some = np.arange(start, min(start + self.config.batch_size, len(test)))
            with torch.inference_mode():
                image = method.squares(test.batch(some))
                numbers = [Draws.at(self.config.seed, zlib.crc32(name.encode())) for name in test.id[some]]
                yield image, torch.cat([method.holes(1, own) for own in numbers])


def _fills(method: Inpainter, *, biharmonic: bool) -> dict[str, Fill]:
    """Return what fills holes, by row."""
    rows: dict[str, Fill] = {"mean_colour": mean_colour}
    if biharmonic:
        rows["biharmonic"] = biharmonic_surface
    return rows | {"random": _painted(untrained(method, seed=0)), "model": _painted(method)}


def _painted(method: Method) -> Fill:
    assert isinstance(method, Inpainter)
    device = next(method.parameters()).device

    @torch.inference_mode()
    def fill(image: Tensor, hole: Tensor) -> Tensor:
        return method.inpaint(image.to(device), hole.to(device)).cpu()

    return fill


def mean_colour(image: Tensor, hole: Tensor) -> Tensor:
    """Fill (B, C, S, S) images where (B, S, S) is True with the mean of each image's other pixels."""
    known = ~hole[:, None]
    mean = (image * known).sum((2, 3), keepdim=True) / known.sum((2, 3), keepdim=True).clamp(min=1)
    return torch.where(hole[:, None], mean, image)


def biharmonic_surface(image: Tensor, hole: Tensor) -> Tensor:
    """Fill (B, C, S, S) images where (B, S, S) is True with the biharmonic surface through the pixels around the hole.

    Source: Damelin, Hoang, *On Surface Completion and Image Inpainting by Biharmonic Functions*, 2018, as in
    scikit-image; values beyond 0 and 1 are clipped.
    """
    from skimage.restoration import inpaint_biharmonic

    filled = [
        inpaint_biharmonic(pixels.movedim(0, -1).double().numpy(), missing.numpy(), channel_axis=-1)
        for pixels, missing in zip(image, hole, strict=True)
    ]
    return torch.from_numpy(np.stack(filled)).movedim(-1, 1).clamp(0, 1).to(image.dtype)


def _scores(errors: NDArray[np.float64]) -> dict[str, Score]:
    """Return the means over images."""
    means = errors.mean(0) * UNITS
    return {metric: Score(float(mean)) for metric, mean in zip(METRICS, means, strict=True)}


def _notes(errors: dict[str, NDArray[np.float64]], missing: float) -> tuple[str, ...]:
    """Say how many images were measured, and how sure the difference to each other row is."""
    psnr = {row: values[:, METRICS.index("psnr")] for row, values in errors.items()}
    count = len(psnr["model"])
    notes = [f"{count} held-out images; {100 * missing:.1f} % of the pixels of an image are missing"]
    for row, values in psnr.items():
        if row != "model" and count > 1:
            gain = psnr["model"] - values
            doubt = gain.std(ddof=1) / np.sqrt(count)
            notes.append(f"model over {row}, image by image: {gain.mean():+.2f} dB, standard error {doubt:.2f}")
    return tuple(notes)


def _figures(
    errors: dict[str, NDArray[np.float64]], test: Samples, examples: dict[str, Tensor]
) -> dict[str, NDArray[np.generic]]:
    hole = examples.pop("hole").numpy()
    pictures = {f"example_{name}": _as_bytes(pixels) for name, pixels in examples.items()}
    return {
        "rows": np.array(list(errors)),
        "id": test.id,
        "psnr": np.stack([values[:, METRICS.index("psnr")] for values in errors.values()]),
        "example_id": test.id[: len(hole)],
        "example_hole": hole,
        **pictures,
    }


def _as_bytes(image: Tensor) -> NDArray[np.uint8]:
    """Return (E, S, S, 3) uint8 from (E, C, S, S) in [0, 1]: the first three channels, or the first as grey."""
    colours = image[:, :3] if image.shape[1] >= 3 else image[:, :1].expand(-1, 3, -1, -1)
    pixels: NDArray[np.uint8] = (colours * 255).round().to(torch.uint8).movedim(1, -1).numpy()
    return pixels
