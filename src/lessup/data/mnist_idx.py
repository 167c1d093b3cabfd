"""MNIST and the sets that share its idx files (Fashion-MNIST, KMNIST, EMNIST), compressed or not, with their own split.

LeCun, Cortes, Burges, *The MNIST database of handwritten digits*, 1998. Four files in one folder::

    train-images-idx3-ubyte.gz  train-labels-idx1-ubyte.gz  t10k-images-idx3-ubyte.gz  t10k-labels-idx1-ubyte.gz

EMNIST's are called ``emnist-NAME-train-images-idx3-ubyte.gz`` and so on; its images are stored on their side and are
turned upright here, and its mapping file names the classes. The other files say nothing of classes: their names are the
numbers.
"""

import gzip
import io
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.image_file import reduced, with_channels
from lessup.formats.limits import check_unpacked, most_unpacked
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.images import Images, Ragged

wanted = "the four idx files of MNIST (train-images-idx3-ubyte.gz, ...)"
general = False

_FILE = re.compile(r"(?P<set>.*?)(?P<part>train|t10k|test)-(?P<kind>images|labels)[-.]idx[13]-ubyte(\.gz)?")

_PARTS = {"train": "train", "t10k": "test", "test": "test"}

_UNSIGNED_BYTES = 8
"""Code of the only type of values that these sets have."""


@dataclass(frozen=True)
class _Part:
    """The two files of one part of a set."""

    name: str
    images: str
    labels: str


def recognises(path: Path) -> bool:
    """Tell whether there is a pair of idx files of images and labels."""
    return is_tree(path) and bool(_sets(open_tree(path)))


def load(path: Path, reading: Reading) -> Images:
    """Load all images of a set into memory.

    Args:
        path: the folder or archive.
        reading: ``size`` and ``colour``.

    Raises:
        DataError: there are several sets, or a file is damaged.
    """
    tree = open_tree(path)
    found = _sets(tree)
    if len(found) != 1:
        names = ", ".join(sorted(found)) or "none"
        raise DataError(f"{path}: wanted the idx files of one set, found {names}: put each into a folder of its own")
    ((prefix, parts),) = found.items()
    pixels = [_read(tree, part.images, 3) for part in parts]
    labels = [_read(tree, part.labels, 1).astype(np.int64) for part in parts]
    for part, images, numbers in zip(parts, pixels, labels, strict=True):
        if len(images) != len(numbers):
            raise DataError(f"{path}: {len(images)} images in {part.images} but {len(numbers)} labels in {part.labels}")
    classes, label = _classes(tree, prefix, np.concatenate(labels))
    together = np.concatenate(pixels)
    if "emnist" in prefix.lower():
        together = together.transpose(0, 2, 1)
    together = np.ascontiguousarray(together)
    official = np.repeat([part.name for part in parts], [len(numbers) for numbers in labels])
    return Images(
        pixels=_ragged(together, reading),
        id=np.array(
            [f"{part.name}/{i:05d}" for part, images in zip(parts, pixels, strict=True) for i in range(len(images))]
        ),
        label=label,
        classes=classes,
        group=np.arange(len(label)),
        official=official,
        fingerprint=fingerprint(
            together, label, "\n".join(classes), "\n".join(official), str(reading.size), reading.colour
        ),
    )


def _sets(tree: FileTree) -> dict[str, list[_Part]]:
    """Return the complete parts of every set, by folder and what their names begin with."""
    files: dict[tuple[str, str], dict[str, str]] = {}
    for name in tree.names():
        match = _FILE.fullmatch(name)
        if match:
            files.setdefault((match["set"], _PARTS[match["part"]]), {})[match["kind"]] = name
    sets: dict[str, list[_Part]] = {}
    for (prefix, part), kinds in sorted(files.items(), key=lambda item: item[0][1] == "test"):
        if len(kinds) == 2:
            sets.setdefault(prefix, []).append(_Part(part, kinds["images"], kinds["labels"]))
    return sets


def _read(tree: FileTree, name: str, num_axes: int) -> NDArray[np.uint8]:
    """Read one idx file: two zero bytes, type, number of axes, their lengths as big-endian 32 bits, then the values."""
    content = tree.read(name)
    try:
        if name.endswith(".gz"):
            with gzip.open(io.BytesIO(content)) as packed:
                unpacked = packed.read(most_unpacked(len(content)) + 1)
            check_unpacked(len(unpacked), len(content), f"{tree.path}: {name}")
            content = unpacked
        kind, axes = struct.unpack_from(">HBB", content)[1:]
        if (kind, axes) != (_UNSIGNED_BYTES, num_axes):
            raise DataError(f"{tree.path}: {name} holds type {kind} with {axes} axes; wanted bytes with {num_axes}")
        shape = struct.unpack_from(f">{axes}I", content, 4)
        return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)
    except DataError:
        raise
    except (OSError, EOFError, zlib.error, struct.error, ValueError) as error:
        raise DataError(f"{tree.path}: {name} is damaged or cut short ({error}): copy or download it again") from error


def _classes(tree: FileTree, prefix: str, labels: NDArray[np.int64]) -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Return the names of the classes and the labels counted from 0 (EMNIST's letters count from 1)."""
    numbers, label = np.unique(labels, return_inverse=True)
    mapping = f"{prefix}mapping.txt"
    characters: dict[int, str] = {}
    if mapping in tree.names():
        rows = (line.split() for line in tree.read(mapping).decode().splitlines())
        characters = {int(row[0]): "".join(chr(int(code)) for code in row[1:]) for row in rows if row}
    return tuple(characters.get(number, str(number)) for number in numbers.tolist()), label.reshape(-1).astype(np.int64)


def _ragged(images: NDArray[np.uint8], reading: Reading) -> Ragged:
    """Lay (N, H, W) images one after the other, reduced and with as many channels as asked for."""
    channels = 3 if reading.colour == "rgb" else 1
    if channels > 1 or 0 < reading.size < min(images.shape[1:]):
        size = reading.size or max(images.shape[1:])
        return Ragged.of([with_channels(reduced(image[..., None], size), channels) for image in images])
    count, height, width = images.shape
    return Ragged(
        flat=images.reshape(-1),
        start=np.arange(count) * height * width,
        extent=np.tile(np.array([height, width]), (count, 1)),
        channels=1,
    )
