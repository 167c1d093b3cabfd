"""Zero-shot learning on Tiny-ImageNet: 150 classes seen, 50 never, told by the vectors of their names.

    python benchmarks/zero_shot.py --data ../shared/data/tiny-imagenet-100per.tar

The 50 classes whose WordNet number has the smallest SHA-256 are unseen. Features are the pooled last map of
EfficientNet-Lite0 with its ImageNet weights, which were trained on photographs of all 200 classes: the unseen ones are
unseen by the estimators alone, so figures flatter. Learnt from are `--images` training images of every seen class, told
are the 25 validation images of all. Vectors are GloVe's of 50 numbers, the mean over the synonyms in words.txt.
"""

import argparse
import hashlib
import re
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import record
from lessup import data as sources
from lessup.evaluation.zero_shot import ESTIMATORS, Known, spread_accuracy, zero_shot_scores
from lessup.features import encode_all
from lessup.formats import word_vectors
from lessup.formats.file_tree import open_tree
from lessup.labels.class_names import class_vectors
from lessup.masks.deep_features import LAYER, named_network
from lessup.samples import Reading
from lessup.samples.images import Images

UNSEEN = 50

_WNID = re.compile(r"/(n\d{8})/")


def synonyms(data: str) -> dict[str, str]:
    """Return all names of each WordNet number of the data."""
    tree = open_tree(Path(data))
    file = next(name for name in tree.names() if name.endswith("words.txt"))
    return dict(line.split("\t", 1) for line in tree.read(file).decode().splitlines() if "\t" in line)


def numbers(images: Images) -> list[str]:
    """Return the WordNet number of every class, which the folders of training images are named by."""
    marked = zip(images.label.tolist(), map(_WNID.search, images.id.tolist()), strict=True)
    found = {label: mark[1] for label, mark in marked if mark}
    return [found[label] for label in range(len(images.classes))]


def parts(images: Images, count: int) -> tuple[Images, Images]:
    """Return so many training images of each class, and all validation images."""
    train = np.flatnonzero(images.official == "train")
    kept = [train[images.label[train] == label][:count] for label in range(len(images.classes))]
    return images.take(np.concatenate(kept)), images.take(np.flatnonzero(images.official == "test"))


def features(images: Images, name: str) -> NDArray[np.float32]:
    """Return (N, D) features of length 1; they are kept."""
    path = record.ROOT / "runs" / "benchmarks" / f"zero-shot-{name}-{len(images)}-{images.fingerprint[:12]}.npy"
    if not path.is_file():
        network = named_network("efficientnet-lite0", "imagenet", images, 2, seed=0)
        path.parent.mkdir(parents=True, exist_ok=True)
        np.save(path, encode_all(network, images, layer=LAYER))
    x: NDArray[np.float32] = np.load(path)
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--images", type=int, default=100, help="training images of each class")
    asked = parser.parse_args()
    images = sources.load(asked.data, Reading())
    assert isinstance(images, Images)
    wnid, named = numbers(images), synonyms(asked.data)
    ranked = sorted(wnid, key=lambda number: hashlib.sha256(number.encode()).hexdigest())
    unseen = ranked[:UNSEEN]
    vectors = class_vectors([named[number] for number in wnid], word_vectors.read(word_vectors.GLOVE))
    descriptions = {number: vectors[named[number]] for number in wnid}
    train, test = (
        Known(features(part, name), np.array(wnid)[part.label])
        for part, name in zip(parts(images, asked.images), ("train", "test"), strict=True)
    )
    rows = {"chance": {"unseen": 100 / UNSEEN}}
    estimators = {row: build(descriptions) for row, build in ESTIMATORS.items()}
    for row, estimator in estimators.items():
        scores = zero_shot_scores(estimator, train, test, unseen)
        rows[row] = {name: round(value, 2) for name, value in scores.items()}
        print(row, rows[row], flush=True)
    rows["exem_spread"] = {"unseen": round(spread_accuracy(estimators["exem"], train, test, unseen), 2)}
    print("exem_spread", rows["exem_spread"], flush=True)
    shown = {number: named[number].split(",")[0] for number in unseen}
    record.write("zero_shot", {"images": asked.images, "unseen": shown, "rows": rows})


if __name__ == "__main__":
    sys.exit(main())
