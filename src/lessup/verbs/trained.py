"""What a trained run is asked for beside scores: its method and features."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup import training as fitting
from lessup.errors import DataError, UsageError
from lessup.experiments import Settings
from lessup.features import encode_all, joined, save
from lessup.methods import Method, ShapeAutoencoder
from lessup.methods.skip_gram import SkipGram
from lessup.runs import Run
from lessup.runs.within import opened
from lessup.samples import Samples
from lessup.samples.texts import Texts
from lessup.verbs.left_out import say_left_out
from lessup.verbs.words import words_of, write_words


def load(run: str | Path, *, device: str = "cpu") -> tuple[Run, Method]:
    """Open a run folder, or that of the segmenter in what masks from tags left, and restore its trained method.

    Returns:
        The folder, and the method in ``eval`` mode.

    Raises:
        RunError: the folder is not a run, or has no checkpoint.
    """
    folder = opened(run)
    return folder, fitting.restore(folder, device=device)


def load_like(
    run: Run, method: Method, data: str, *, measured: bool = False, reads: Sequence[str] | None = None
) -> Samples:
    """Load data as a run read its own, and say what of it is left out.

    Args:
        run: the run.
        method: its trained method.
        data: path or name of the data.
        measured: whether masks are made of boxes, where the run learnt from such; what is only looked at needs none.
        reads: keys that are asked for; those of the method but for pairs of frames if None.

    Raises:
        DataError: the data cannot be used, is of another kind than the run's, or the network cannot read it.
    """
    reading = Settings.of(run.config).reading
    reading = reading if measured else replace(reading, masks="own", without=())
    if isinstance(method, SkipGram) and data != run.config["data"]["path"]:
        reading = replace(reading, min_count=1, phrases=())  # its own vocabulary says which words count
    alone = [key for key in method.reads if key != "other"]
    samples = sources.load(data, reading, reads=alone if reads is None else reads)
    say_left_out(samples, data)
    kind = next((key for key in ("voxels", "tokens") if key in method.reads), "image")  # labels are for training alone
    if samples.lacking((kind,)):
        raise DataError(f"{run.config['method']} reads {kind}, which {data} does not have (see `lessup doctor {data}`)")
    if isinstance(method, SkipGram) and isinstance(samples, Texts):
        samples = samples.numbered_by(method.words)
    method.check(samples)
    return samples


def encode(
    runs: str | Path | Sequence[str | Path],
    data: str | None,
    out: str | Path,
    *,
    layer: str | None = None,
    device: str = "cpu",
) -> Path:
    """Encode a data set with a trained method, or with several, into a features.npz.

    Of several, the features of each are brought to length 1 and laid side by side, so that the cosine of two samples is
    the mean of what each network says: an ensemble, as of nets that were trained on different data. Without data, the
    vectors of the words that a run knows are written.

    Args:
        runs: run folder, or several.
        data: path or name of the data; read as each run read its own. None for words.
        out: file to write; see ``write_words`` for its endings where words are written.
        layer: named layer of all; each method's default if not given.
        device: where to compute.

    Raises:
        UsageError: no run is given, or a method has no such layer; words are asked for of several runs, or of one that
            knows none.
        DataError: the data lacks what a method reads, or two runs read other samples of it.
    """
    folders = [runs] if isinstance(runs, str | Path) else list(runs)
    if not folders:
        raise UsageError("nothing encodes: give one run folder or more")
    if data is None:
        if len(folders) > 1:
            raise UsageError("words are of one run: give one run folder, or --data")
        write_words(words_of(load(folders[0], device=device)[1], folders[0]), Path(out))
        return Path(out)
    parts: list[NDArray[np.float32]] = []
    known: Samples | None = None
    for each in folders:
        folder, method = load(each, device=device)
        samples = load_like(folder, method, data)
        if known is not None and not np.array_equal(samples.id, known.id):
            raise DataError(f"{each} reads other samples of {data} than {folders[0]}: encode with each alone")
        known = known or samples
        parts.append(encode_all(method, samples, layer=layer))
    assert known is not None
    save(Path(out), parts[0] if len(parts) == 1 else joined(parts), known)
    return Path(out)


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
