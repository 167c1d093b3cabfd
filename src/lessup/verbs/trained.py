"""What a trained run is asked for beside scores: its method, features, and the samples most like one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from lessup import data as sources
from lessup import training as fitting
from lessup.errors import UsageError
from lessup.experiments import Settings
from lessup.features import encode_all, save
from lessup.methods import Method, ShapeAutoencoder
from lessup.runs import Run
from lessup.runs.within import opened
from lessup.samples import Samples
from lessup.verbs.left_out import say_left_out


def load(run: str | Path, *, device: str = "cpu") -> tuple[Run, Method]:
    """Open a run folder, or that of the segmenter in what masks from tags left, and restore its trained method.

    Returns:
        The folder, and the method in ``eval`` mode.

    Raises:
        RunError: the folder is not a run, or has no checkpoint.
    """
    folder = opened(run)
    return folder, fitting.restore(folder, device=device)


def load_like(run: Run, method: Method, data: str, *, measured: bool = False) -> Samples:
    """Load data as a run read its own, and say what of it is left out.

    Args:
        run: the run.
        method: its trained method.
        data: path or name of the data.
        measured: whether masks are made of boxes, where the run learnt from such; what is only looked at needs none.

    Raises:
        DataError: the data cannot be used, or the run's network cannot read it.
    """
    reading = Settings.of(run.config).reading
    samples = sources.load(data, reading if measured else replace(reading, masks="own", without=()))
    say_left_out(samples, data)
    method.check(samples)
    return samples


def encode(run: str | Path, data: str, out: str | Path, *, layer: str | None = None, device: str = "cpu") -> Path:
    """Encode a data set with a trained method into a features.npz.

    Args:
        run: run folder.
        data: path or name of the data; read as the run read its own.
        out: file to write.
        layer: named layer; the method's default if not given.
        device: where to compute.

    Raises:
        DataError: the data lacks what the method reads.
    """
    folder, method = load(run, device=device)
    samples = load_like(folder, method, data)
    save(Path(out), encode_all(method, samples, layer=layer), samples)
    return Path(out)


def neighbors(
    run: str | Path,
    data: str,
    query: str | Path,
    *,
    count: int = 5,
    layer: str | None = None,
    device: str = "cpu",
) -> list[tuple[str, float]]:
    """Find the samples of a data set that are most like one file, by cosine of their features.

    Args:
        run: run folder of a method on shapes.
        data: path or name of the data.
        query: one shape file.
        count: how many to return.
        layer: named layer; the method's default if not given.
        device: where to compute.

    Returns:
        Names and cosines in [-1, 1], the nearest first.
    """
    from lessup.shapes.files import read_shape

    folder, method = load(run, device=device)
    name = method.chosen(layer)
    samples = load_like(folder, method, data)
    grid = torch.from_numpy(read_shape(Path(query), Settings.of(folder.config).reading))[None]
    with torch.inference_mode():
        batch = {"voxels": grid.to(method.device), "label": torch.tensor([-1], device=method.device)}
        asked = method.encode(batch, name).cpu().numpy()
    features = encode_all(method, samples, layer=name)
    lengths = np.linalg.norm(features, axis=1) * np.linalg.norm(asked)
    cosines = (features @ asked[0]) / np.maximum(lengths, 1e-12)
    order = np.argsort(-cosines, kind="stable")[:count]
    return [(str(samples.id[index]), float(cosines[index])) for index in order]


def shape_autoencoder(run: str | Path, *, device: str = "cpu") -> ShapeAutoencoder:
    """Restore a run whose method can repair and blend shapes.

    Raises:
        UsageError: the method cannot.
    """
    folder, method = load(run, device=device)
    if not isinstance(method, ShapeAutoencoder):
        raise UsageError(
            f"{folder.path} holds {folder.config['method']}, which cannot repair or blend shapes; "
            "train vconv-dae or voxel-unet"
        )
    return method
