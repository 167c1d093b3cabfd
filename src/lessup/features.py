"""Encode a data set once; everything that only looks at features starts from there."""

import copy
import io
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

from lessup.errors import DataError
from lessup.formats import npz
from lessup.methods import Method
from lessup.runs.files import write_whole
from lessup.samples import Samples
from lessup.samples.images import Images
from lessup.samples.voxels import Voxels
from lessup.transforms.crops import resize_whole


@dataclass(frozen=True)
class Features:
    """What a features.npz holds.

    Attributes:
        x: (N, D) float32.
        id: (N,) str, names of the samples.
        label: (N,) int64, class or -1.
        classes: (K,) names.
    """

    x: NDArray[np.float32]
    id: NDArray[np.str_]
    label: NDArray[np.int64]
    classes: tuple[str, ...]


def encode_all(
    method: Method, samples: Samples, *, layer: str | None = None, batch_size: int = 128
) -> NDArray[np.float32]:
    """Encode every sample, on the method's device and in ``eval`` mode, with a progress bar on a terminal.

    Args:
        method: in ``eval`` mode.
        samples: N samples.
        layer: name of a layer; the method's default if not given.
        batch_size: samples encoded at once.

    Returns:
        (N, D) float32.

    Raises:
        DataError: there is nothing to encode, or a feature is not finite.
    """
    name = method.chosen(layer)
    return encode_layers(method, samples, (name,), batch_size=batch_size)[name]


def encode_layers(
    method: Method, samples: Samples, layers: Sequence[str], *, batch_size: int = 128
) -> dict[str, NDArray[np.float32]]:
    """Encode every sample once for several layers; see ``encode_all``.

    Args:
        method: in ``eval`` mode.
        samples: N samples.
        layers: their names.
        batch_size: samples encoded at once.

    Returns:
        (N, D) float32 by layer.

    Raises:
        DataError: there is nothing to encode, or a feature is not finite.
        UsageError: there is no such layer.
    """
    if not len(samples):
        raise DataError("no samples to encode")
    names = tuple(method.chosen(layer) for layer in layers)
    starts = range(0, len(samples), batch_size)
    found: dict[str, NDArray[np.float32]] = {}
    with torch.inference_mode():
        for start in track(starts, "encode", console=Console(stderr=True), disable=not sys.stderr.isatty()):
            compact = samples.read(np.arange(start, min(start + batch_size, len(samples))))
            batch = samples.expand({key: value.to(method.device) for key, value in compact.items()})
            for name, part in method.encode_layers(batch, names).items():
                values = found.setdefault(name, np.empty((len(samples), part.shape[1]), np.float32))
                values[start : start + len(part)] = part.float().cpu().numpy()
    if not all(np.isfinite(values).all() for values in found.values()):
        raise DataError("the features are not finite: training diverged (see the run's warnings)")
    return found


def joined(parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Lay features of several networks side by side, those of each at length 1; zeros stay zeros.

    Args:
        parts: (N, D) of each of M networks; D may differ.

    Returns:
        (N, sum of D) whose cosine is the mean of the M cosines.

    >>> joined([np.array([[3.0, 4.0]], np.float32), np.array([[2.0]], np.float32)]).tolist()
    [[0.6000000238418579, 0.800000011920929, 1.0]]
    """
    lengths = [np.linalg.norm(part, axis=1, keepdims=True) for part in parts]
    return np.concatenate(
        [part / np.where(length > 0, length, 1) for part, length in zip(parts, lengths, strict=True)], axis=1
    ).astype(np.float32)


def raw_cells(samples: Voxels) -> NDArray[np.float32]:
    """Return (N, V^3) cells, 0 or 1: what a shape is before anything was learned."""
    return np.unpackbits(samples.bits, axis=1, count=samples.side**3).astype(np.float32)


def raw_pixels(images: Images, side: int) -> NDArray[np.float32]:
    """Return (N, C side^2) values of whole images reduced to a square: what an image is before anything was learned."""
    reduced = thumbnails(images, side)
    return (reduced.reshape(len(images), -1) / np.float32(255)).astype(np.float32)


def thumbnails(images: Images, side: int) -> NDArray[np.uint8]:
    """Return (N, side, side, C) pixels of whole images, for the eye and for comparisons of pixels."""
    shown = np.empty((len(images), side, side, images.channels), np.uint8)
    for start in range(0, len(images), 256):
        batch = images.batch(np.arange(start, min(start + 256, len(images))))
        resized = resize_whole(batch["image"], batch["extent"], (side, side))
        shown[start : start + len(resized)] = (255 * resized).round().byte().permute(0, 2, 3, 1).numpy()
    return shown


def untrained(method: Method, seed: int) -> Method:
    """Return the same network with random weights, on the same device and in ``eval`` mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        fresh = type(method)(copy.deepcopy(method.config))
    for name in method.fitted:
        fresh.get_buffer(name).copy_(method.get_buffer(name))
    return fresh.to(method.device).eval()


def save(path: Path, features: NDArray[np.float32], samples: Samples) -> None:
    """Write a features.npz whole or not at all.

    Args:
        path: file to write.
        features: (N, D).
        samples: the N samples that were encoded.

    Raises:
        RunError: the file cannot be written.
    """
    write_features(path, Features(features, samples.id, samples.label, samples.classes))


def write_features(path: Path, features: Features) -> None:
    """Write a features.npz whole or not at all.

    Raises:
        RunError: the file cannot be written.
    """
    buffer = io.BytesIO()
    classes = np.array(features.classes, dtype=np.str_)
    np.savez_compressed(buffer, x=features.x, id=features.id, label=features.label, classes=classes)
    write_whole(path, buffer.getbuffer())


def load(path: Path) -> Features:
    """Read a features.npz.

    Raises:
        DataError: the file is damaged, holds pickled objects, or its arrays do not fit together.
    """
    x, name, label, classes = (npz.read(path, key) for key in ("x", "id", "label", "classes"))
    whole = x.ndim == 2 and x.dtype == np.float32 and len(x) == len(name) == len(label)
    if not whole or name.dtype.kind != "U" or classes.dtype.kind != "U" or label.dtype != np.int64:
        raise DataError(f"{path}: not what `lessup encode` writes: wanted x (N, D) float32, id, label and classes")
    return Features(x, name, label, tuple(classes.tolist()))
