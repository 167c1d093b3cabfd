"""Label photographs from nothing but the names of their classes, as `lessup label --classes` does.

    python benchmarks/named_classes.py --data ../shared/data/caltech101-96px.tar

Of every class that has a name with a vector, 15 images are drawn; of the classes 5, 10 or 20 are drawn, and all are
taken once. Rows: chance; ConSE over the thousand classes of the network; the nearest place that names foretell; and its
surest images spread over the others, which is what the command does. The network has seen ImageNet's labels, and many
of Caltech's classes are among ImageNet's. `SUREST` was looked at on classes of these photographs, the regression on
ImageNet's names alone.
"""

import argparse
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

import record
from lessup import data as sources
from lessup.backbones import weights
from lessup.backbones.imagenet_classes import BACKBONE, imagenet_classifier
from lessup.errors import DataError
from lessup.features import encode_all
from lessup.formats import word_vectors
from lessup.formats.word_vectors import WordVectors
from lessup.labels.class_names import class_vectors, named
from lessup.labels.descriptions import unit
from lessup.labels.known_labels import UNLABELLED
from lessup.labels.told_by_name import name_scores, spread_from, surest
from lessup.masks.deep_features import LAYER, named_network
from lessup.samples import Reading
from lessup.samples.images import Images

IMAGES = 15
SIZES = {5: 20, 10: 20, 20: 20, 0: 1}
"""Number of classes, 0 for all, and how often they are drawn."""

TOP = 10
"""Classes in ConSE's mean."""


def words_for(name: str) -> str:
    """Return the name of a folder in words."""
    return name.replace("_", " ")


def drawn(images: Images, vectors: WordVectors) -> Images:
    """Return some images of every class whose name has a vector."""
    generator = np.random.default_rng(0)
    places = [
        generator.permutation(np.flatnonzero(images.label == number))[:IMAGES] for number in range(len(images.classes))
    ]
    kept = [place for place, name in zip(places, images.classes, strict=True) if usable(name, vectors)]
    return images.take(np.sort(np.concatenate(kept)))


def usable(name: str, vectors: WordVectors) -> bool:
    """Tell whether a class is one, and its name has a vector."""
    return not name.startswith("BACKGROUND") and named(words_for(name), vectors)


def conse(shares: NDArray[np.float64], known: NDArray[np.float64], asked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return (N, K) cosines of the mean of the likeliest classes' vectors and those asked for."""
    least = -np.partition(-shares, TOP - 1, axis=1)[:, TOP - 1 : TOP]
    return unit(np.where(shares >= least, shares, 0) @ unit(known)) @ unit(asked).T


def main() -> None:
    """Encode once, then draw classes again and again."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    asked = parser.parse_args()
    images = sources.load(asked.data, Reading())
    if not isinstance(images, Images):
        raise DataError(f"{asked.data}: wanted images in folders of classes")
    vectors = word_vectors.read(word_vectors.GLOVE)
    images = drawn(images, vectors)
    x = encode_all(named_network(BACKBONE, weights.IMAGENET, images, 2, seed=0), images, layer=LAYER)
    classifier = imagenet_classifier()
    bias = weights.read(weights.IMAGENET)["_fc.bias"].numpy()
    have = [place for place, name in enumerate(classifier.names) if named(name, vectors)]
    known = np.stack([*class_vectors([classifier.names[place] for place in have], vectors).values()]).astype(float)
    logits = x @ classifier.rows[have].T + bias[have]
    present = np.unique(images.label)
    of_class = class_vectors([words_for(images.classes[number]) for number in present], vectors)
    places = dict(zip(present.tolist(), of_class.values(), strict=True))
    rows: dict[str, dict[str, list[float]]] = {}
    for size, draws in SIZES.items():
        for draw in range(draws):
            chosen = np.sort(np.random.default_rng((size, draw)).permutation(present)[: size or len(present)])
            own = np.isin(images.label, chosen)
            label = np.searchsorted(chosen, images.label[own])
            targets = np.stack([places[number] for number in chosen.tolist()]).astype(float)
            scores = name_scores(x[own], classifier.rows[have], known, targets)
            examples = surest(scores, np.full(len(label), UNLABELLED))
            told: dict[str, Any] = {
                "ConSE": conse(softmax(logits[own].astype(float), axis=1), known, targets),
                "nearest foretold place": scores,
                "spread from the surest five": spread_from(unit(x[own].astype(float)), examples, len(chosen)),
            }
            rows.setdefault("chance", {}).setdefault(str(len(chosen)), []).append(100 / len(chosen))
            for row, values in told.items():
                right = round(float(100 * (values.argmax(1) == label).mean()), 2)
                rows.setdefault(row, {}).setdefault(str(len(chosen)), []).append(right)
    record.write("named_classes", {"images": IMAGES, "rows": rows})


if __name__ == "__main__":
    sys.exit(main())
