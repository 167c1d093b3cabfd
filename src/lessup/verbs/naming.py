"""`lessup label --data DATA --classes names.txt --out labels_all.csv`: labels for all from names of classes alone."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from lessup import data as sources
from lessup.backbones.imagenet_classes import BACKBONE, NamedClassifier, imagenet_classifier
from lessup.backbones.weights import IMAGENET
from lessup.data import image_table
from lessup.errors import DataError, UsageError
from lessup.features import encode_all
from lessup.formats import word_vectors
from lessup.formats.word_vectors import WordVectors
from lessup.labels.class_names import class_vectors, first_name, named
from lessup.labels.descriptions import unit
from lessup.labels.held_out import WARMEST, warmed
from lessup.labels.known_labels import UNLABELLED, KnownLabels
from lessup.labels.next_labels import next_labels
from lessup.labels.told_by_name import SUREST, name_scores, spread_from, surest
from lessup.masks.deep_features import LAYER, named_network
from lessup.runs.files import write_whole
from lessup.runs.provenance import provenance
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.verbs.labelling import Described, LabelConfig, check_out, label_columns
from lessup.verbs.left_out import say_left_out

FIXED = ("method", "run", "layer", "backbone", "weights")
"""Settings that names leave no choice of."""


def label_by_names(
    data: str,
    classes: str | Path,
    out: str | Path,
    *,
    labels: str | Path | None = None,
    config: LabelConfig | None = None,
    reading: Reading | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Label all images from the names of their classes.

    Args:
        data: folder, file or archive of images; labels that it has are not looked at.
        classes: text, the name of a class a line; synonyms may follow behind commas.
        out: table to write, of ``labelling.HEADER``. No label is held out, so shares are made as sure on average as the
            names and the neighbours agree: an estimate.
        labels: table of columns image and label for some; what it says holds, and images are taken for examples by name
            only of classes that have few.
        config: ``vectors``, ``suggest`` and ``seed`` count; the network is EfficientNet-Lite0 with ImageNet's weights,
            whose classes have names.
        reading: how the images are read.
        device: where features are computed.
        overwrite: write over a file that is there.

    Returns:
        What was taken for examples, how many labels were made, and those to label next.

    Raises:
        DataError: the data or a table cannot be used, or names have no vectors.
        UsageError: a setting has no meaning here, or ``out`` is there already.
        MissingExtraError: the extra ``imagenet`` or ``words`` is not installed.
    """
    config, out = config or LabelConfig(), Path(out)
    _check(config, out, overwrite)
    names = _names(Path(classes))
    vectors = word_vectors.read(config.vectors)
    asked = class_vectors(names, vectors)
    images, known = _images(data, labels, [first_name(name) for name in names], reading or Reading())
    network = named_network(BACKBONE, IMAGENET, images, 2, seed=config.seed, device=device)
    x = encode_all(network, images, layer=LAYER)
    scores = scores_by_name(x, imagenet_classifier(), np.stack([asked[name] for name in names]), vectors)
    examples = surest(scores, known)
    x = unit(x.astype(np.float64)).astype(np.float32)
    shares, agreement = _spread(x, examples, scores)
    told = KnownLabels(np.array([first_name(name) for name in names]), known)
    following = next_labels(x, shares, told.known, config.suggest)
    described = Described(images.id, x, told.classes, f"{BACKBONE}, weights {IMAGENET}")
    write_whole(out, label_columns(described, told, shares, {}, following))
    taken = [int(((examples == number) & ~told.known).sum()) for number in range(len(names))]
    return {
        "data": data,
        "classes": str(classes),
        "labels": str(labels or ""),
        "settings": asdict(config),
        "features": described.source,
        "samples": len(images),
        "given": dict(zip(told.classes.tolist(), told.counts.tolist(), strict=True)),
        "taken": dict(zip(told.classes.tolist(), taken, strict=True)),
        "made": int((~told.known).sum()),
        "method": "names",
        "agreement": round(100 * agreement, 1),
        "next": images.id[following].tolist(),
        "notes": _remarks(told, taken),
        **provenance(),
    }


def _check(config: LabelConfig, out: Path, overwrite: bool) -> None:
    plain = LabelConfig()
    fixed = [name for name in FIXED if getattr(config, name) != getattr(plain, name)]
    if fixed:
        raise UsageError(
            f"--{fixed[0]} has no meaning with --classes: names are told by {BACKBONE} with ImageNet's weights; leave "
            "it out, or give --labels alone"
        )
    check_out(config, out, overwrite)


def _names(path: Path) -> list[str]:
    """Return the lines of a file of names.

    Raises:
        DataError: there is none, or it names fewer than two classes or one twice.
    """
    if not path.is_file():
        raise DataError(f"no file of names at {path}: wanted a text with the name of a class on each line")
    try:
        lines = [line.strip() for line in path.read_text("utf-8-sig").splitlines()]
    except UnicodeDecodeError as error:
        raise DataError(f"{path} is not UTF-8, at byte {error.start}: save it as UTF-8") from error
    names = [line for line in lines if line]
    first = [first_name(name) for name in names]
    twice = sorted({name for name in first if first.count(name) > 1})
    if len(names) < 2 or twice:
        found = f"{twice[0]!r} twice" if twice else f"{len(names)} names"
        raise DataError(f"{path} has {found}; wanted two classes or more, one a line, synonyms behind commas")
    return sorted(names, key=first_name)


def _images(
    data: str, labels: str | Path | None, classes: list[str], reading: Reading
) -> tuple[Images, NDArray[np.int64]]:
    """Return the images, and (N,) what the table says of them, -1 where nothing.

    Raises:
        DataError: the table names a class that is not asked for, or the data has no images.
    """
    images = image_table.load_named(Path(data), Path(labels), reading) if labels else sources.load(data, reading)
    if not isinstance(images, Images) or images.tags is not None:
        raise DataError(f"{data}: wanted images, with one label each where a table gives some")
    say_left_out(images, data)
    if not labels:
        return images, np.full(len(images), UNLABELLED)
    strange = sorted(set(images.classes) - set(classes))
    if strange:
        raise DataError(
            f"{labels} has the label {strange[0]!r}, which is none of the {len(classes)} names of --classes: add it, "
            "or mend the table"
        )
    place = np.array([*(classes.index(name) for name in images.classes), UNLABELLED])
    return images, place[images.label]


def scores_by_name(
    x: NDArray[np.float32], classifier: NamedClassifier, vectors: NDArray[np.float32], words: WordVectors
) -> NDArray[np.float64]:
    """Return (N, K) how much each image looks like each name.

    Args:
        x: (N, D) features, as the classifier is given them.
        classifier: whose classes have names.
        vectors: (K, A) of the names to tell.
        words: where the vectors of its own names are found.
    """
    have = [place for place, name in enumerate(classifier.names) if named(name, words)]
    known = class_vectors([classifier.names[place] for place in have], words)
    row_vectors = np.stack([known[classifier.names[place]] for place in have])
    return name_scores(x, classifier.rows[have], row_vectors, vectors)


def _spread(
    x: NDArray[np.float32], examples: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Return (N, K) shares, as sure on average as both ways agree, and how much they do, 0 to 1."""
    shares = spread_from(x, examples, scores.shape[1])
    agreement = float((shares.argmax(1) == scores.argmax(1)).mean())

    def surplus(log_temperature: float) -> float:
        return float(warmed(shares, float(np.exp(log_temperature))).max(1).mean()) - agreement

    limit = float(np.log(WARMEST))
    if surplus(-limit) <= 0 or surplus(limit) >= 0:
        return warmed(shares, WARMEST if surplus(limit) >= 0 else 1 / WARMEST), agreement
    return warmed(shares, float(np.exp(brentq(surplus, -limit, limit)))), agreement


def _remarks(told: KnownLabels, taken: list[int]) -> list[str]:
    """Say what confidences are worth, and which names no image looks like."""
    notes = [
        "no label was held out: confidences say how far names and neighbours agree, not how often they are right; "
        "label a few images and pass --labels to find out"
    ]
    if absent := [name for name, count, own in zip(told.classes, told.counts, taken, strict=True) if not count + own]:
        notes.append(f"no image looks most like {', '.join(absent[:5])}: none is labelled so")
    some = zip(told.classes, told.counts, taken, strict=True)
    if few := [name for name, count, own in some if 0 < count + own < SUREST]:
        notes.append(f"fewer than {SUREST} images are, or look most like, {', '.join(few[:5])}")
    return notes
