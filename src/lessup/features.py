"""Encode a data set once; everything that only looks at features starts from there."""

import copy
import io
import sys
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
from lessup.samples.voxels import Voxels


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
    if not len(samples):
        raise DataError("no samples to encode")
    device = next(method.parameters()).device
    starts = range(0, len(samples), batch_size)
    parts = []
    with torch.inference_mode():
        for start in track(starts, "encode", console=Console(stderr=True), disable=not sys.stderr.isatty()):
            compact = samples.read(np.arange(start, min(start + batch_size, len(samples))))
            batch = samples.expand({key: value.to(device) for key, value in compact.items()})
            parts.append(method.encode(batch, layer).float().cpu().numpy())
    features = np.concatenate(parts)
    if not np.isfinite(features).all():
        raise DataError("the features are not finite: training diverged (see the run's warnings)")
    return features


def raw_cells(samples: Voxels) -> NDArray[np.float32]:
    """Return (N, V^3) cells, 0 or 1: what a shape is before anything was learned."""
    return np.unpackbits(samples.bits, axis=1, count=samples.side**3).astype(np.float32)


def untrained(method: Method, seed: int) -> Method:
    """Return the same network with random weights, on the same device and in ``eval`` mode."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)
        fresh = type(method)(copy.deepcopy(method.config))
    return fresh.to(next(method.parameters()).device).eval()


def save(path: Path, features: NDArray[np.float32], samples: Samples) -> None:
    """Write a features.npz whole or not at all.

    Args:
        path: file to write.
        features: (N, D).
        samples: the N samples that were encoded.

    Raises:
        RunError: the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, x=features, id=samples.id, label=samples.label, classes=np.array(samples.classes, dtype=np.str_)
    )
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
