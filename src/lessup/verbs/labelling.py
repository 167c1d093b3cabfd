"""`lessup label --data DATA --labels labels.csv --out labels_all.csv`: from a few labels to labels for all."""

import csv
import difflib
import io
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup import features
from lessup.data import image_table
from lessup.errors import DataError, UsageError
from lessup.features import encode_all
from lessup.labels.candidates import CANDIDATES, Choice, choice
from lessup.labels.held_out import calibrated, doubtful, shares_of, warmed
from lessup.labels.known_labels import KnownLabels, known_labels
from lessup.labels.next_labels import next_labels
from lessup.masks.deep_features import LAYER, named_network
from lessup.methods import ImageEncoder
from lessup.runs.files import write_whole
from lessup.runs.provenance import provenance
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.samples.label_table import named_in
from lessup.verbs.left_out import say_left_out
from lessup.verbs.trained import load

HEADER = ("image", "label", "confidence", "given", "doubt", "next")
"""Columns of the table that is written."""


@dataclass(frozen=True, kw_only=True)
class LabelConfig:
    """How labels are made.

    Attributes:
        method: ``auto``, or one of label-spreading, label-spreading-equal-masses, label-propagation,
            nearest-prototype, logistic-regression, self-training and transductive-svm.
        run: run folder of a method for images whose features are taken; the network below if empty.
        layer: of the run; its default if empty.
        backbone: network whose pooled last map is the features.
        weights: file, run folder or ``imagenet``, from which its weights are loaded; empty for random ones.
        vectors: file of word vectors, or ``glove``, for names of classes that are to be told without labels.
        suggest: samples to name whose label would help most.
        seed: of what is held out, and of random weights.
    """

    method: str = "auto"
    run: str = ""
    layer: str = ""
    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    vectors: str = "glove"
    suggest: int = 10
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Described:
    """N samples with features, and labels of some.

    Attributes:
        id: (N,) names.
        x: (N, D) float32, each of length 1 where a network made them.
        name: (N,) label, "-1" where not known.
        source: of the features, in words.
    """

    id: NDArray[np.str_]
    x: NDArray[np.float32]
    name: NDArray[np.str_]
    source: str


def label(
    data: str,
    labels: str | Path,
    out: str | Path,
    *,
    config: LabelConfig | None = None,
    reading: Reading | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Label all samples from a few labels.

    Args:
        data: folder, file or archive of images; or a features.npz.
        labels: table of columns image (or id) and label; an empty label means that it is not known.
        out: table to write, of ``HEADER``: confidences are calibrated on labels held out in turn; ``doubt`` names the
            class that a label given looks like; ``next`` counts the samples whose label would help most from 1.
        config: how.
        reading: how the images are read.
        device: where features are computed.
        overwrite: write over a file that is there.

    Returns:
        What was chosen and why, how many labels were given and made, those that look wrong, and those to label next.

    Raises:
        DataError: the data or the table cannot be used, or it has labels of fewer than two classes.
        UsageError: a setting is out of range, or ``out`` is there already.
    """
    config, out = config or LabelConfig(), Path(out)
    _check(config, out, overwrite)
    described = _described(data, Path(labels), config, reading or Reading(), device)
    known = known_labels(described.name)
    names = () if config.method == "auto" else (config.method,)
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        chosen = choice(described.x, known, names, seed=config.seed)
        estimator = chosen.build().fit(described.x, known.code)
    temperature = calibrated(chosen.of)
    everything = np.arange(len(described.x))
    shares = warmed(shares_of(estimator, described.x, everything, len(known.classes)), temperature)
    doubts = doubtful(chosen.of, temperature)
    following = next_labels(described.x, shares, known.known, config.suggest)
    write_whole(out, label_columns(described, known, shares, doubts, following))
    notes = [*_remarks(chosen, known), *dict.fromkeys(str(one.message) for one in told)]
    classes = known.classes.tolist()
    return {
        "data": data,
        "labels": str(labels),
        "settings": asdict(config),
        "features": described.source,
        "samples": len(described.x),
        "given": dict(zip(classes, known.counts.tolist(), strict=True)),
        "made": int((~known.known).sum()),
        "method": chosen.name,
        "held_out_accuracy": {name: _percent(of.accuracy) for name, of in chosen.tried.items()},
        "held_out_labels": len(chosen.of.code),
        "temperature": round(temperature, 3),
        "doubtful": {str(described.id[place]): classes[like] for place, like in sorted(doubts.items())},
        "next": described.id[following].tolist(),
        "notes": notes,
        **provenance(),
    }


def _check(config: LabelConfig, out: Path, overwrite: bool) -> None:
    if config.method != "auto" and config.method not in CANDIDATES:
        near = difflib.get_close_matches(config.method, ["auto", *CANDIDATES], n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"wanted auto, {', '.join(CANDIDATES)}"
        raise UsageError(f"no method {config.method!r}: {hint}")
    check_out(config, out, overwrite)


def check_out(config: LabelConfig, out: Path, overwrite: bool) -> None:
    """Check how many samples to suggest, and where to write.

    Raises:
        UsageError: fewer than none, or there is a file and it may not be written over.
    """
    if config.suggest < 0:
        raise UsageError(f"--suggest {config.suggest}: wanted 0 or more")
    if out.exists() and not overwrite:
        raise UsageError(f"{out} is there already: pass another --out, or --overwrite")


def _described(data: str, table: Path, config: LabelConfig, reading: Reading, device: str) -> Described:
    """Return features and what the table says of them."""
    if data.endswith(".npz") and Path(data).is_file():
        found = features.load(Path(data))
        return Described(found.id, found.x, named_in(table, found.id), data)
    images = image_table.load_named(Path(data), table, reading)
    if images.tags is not None:
        raise DataError(f"{table} has tags: wanted one label an image, in a column label")
    say_left_out(images, data)
    x, source = encoded(images, config, device)
    names = np.array([*images.classes, "-1"])[images.label]
    return Described(images.id, unit_rows(x), names, source)


def encoded(images: Images, config: LabelConfig, device: str) -> tuple[NDArray[np.float32], str]:
    """Return (N, D) features, as the network gives them, and the name of their source.

    Args:
        images: N of them.
        config: ``run`` and ``layer``, or ``backbone``, ``weights`` and ``seed``.
        device: where to compute.

    Raises:
        DataError: the weights cannot be used.
        UsageError: the run does not encode images, or there is no such layer or backbone.
    """
    if config.run:
        _, method = load(config.run, device=device)
        if not isinstance(method, ImageEncoder):
            raise UsageError(f"{config.run} does not encode images: pass the run of another method")
        return encode_all(method, images, layer=config.layer or None), config.run
    network = named_network(config.backbone, config.weights, images, 2, seed=config.seed, device=device)
    return encode_all(network, images, layer=LAYER), f"{config.backbone}, weights {config.weights or 'random'}"


def unit_rows(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (N, D) features scaled to length 1; one of zeros stays so."""
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return (x / np.where(length > 0, length, 1)).astype(np.float32)


def _remarks(chosen: Choice, known: KnownLabels) -> list[str]:
    """Say what could not be judged."""
    alone = int((known.counts == 1).sum())
    if not len(chosen.of.code):
        return [f"every class has one label: nothing can be held out, so {chosen.name} was taken unseen"]
    return [f"{alone} classes have one label, which can't be held out"] if alone else []


def label_columns(
    described: Described,
    known: KnownLabels,
    shares: NDArray[np.float64],
    doubts: Mapping[int, int],
    following: Sequence[int] | NDArray[np.int64],
) -> bytes:
    """Return the table that is written, with the columns ``HEADER``.

    Args:
        described: N samples.
        known: labels that were given.
        shares: (N, K) of all classes.
        doubts: class that a sample looks like, for labels given that look wrong.
        following: samples whose label would help most, the first first.
    """
    turn = {int(place): number for number, place in enumerate(following, 1)}
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(HEADER)
    for place, id in enumerate(described.id.tolist()):
        given = bool(known.known[place])
        code = int(known.code[place]) if given else int(shares[place].argmax())
        like = known.classes[doubts[place]] if place in doubts else ""
        row = (id, known.classes[code], f"{shares[place, code]:.3f}", "yes" if given else "no", like)
        writer.writerow((*row, turn.get(place, "")))
    return text.getvalue().encode()


def _percent(share: float) -> float | None:
    return None if np.isnan(share) else round(100 * share, 1)
