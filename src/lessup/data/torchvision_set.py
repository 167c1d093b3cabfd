"""Any classification set of torchvision by name, such as ``torchvision:CIFAR10`` or ``torchvision:EuroSAT@data/euro``.

What follows ``@`` is the folder where the set lies or is downloaded to, ``torchvision-data`` if left out. Sets that
come in a training and a test part keep them.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lessup.errors import DataError, UsageError
from lessup.formats import image_file
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.image_decoding import DEFAULT_SIZE
from lessup.samples.images import Images, Pixels, Ragged

wanted = "torchvision:NAME or torchvision:NAME@FOLDER, a set of torchvision"
general = False

PREFIX = "torchvision:"


@dataclass(frozen=True)
class Part:
    """One part of a set.

    Attributes:
        name: ``train``, ``test`` or empty.
        items: the set, an image and a class each.
    """

    name: str
    items: Any


def recognises(path: Path) -> bool:
    """Tell whether this names a set of torchvision."""
    return str(path).startswith(PREFIX)


def load(path: Path, reading: Reading) -> Images:
    """Load a set, downloading it where torchvision can; the pixels are held in memory.

    Args:
        path: ``torchvision:NAME@FOLDER``.
        reading: ``size`` and ``colour``.

    Raises:
        UsageError: torchvision has no such set.
        DataError: it cannot be had, or is no set of images with one class each.
    """
    name, _, folder = str(path).removeprefix(PREFIX).partition("@")
    parts = _parts(name, Path(folder or "torchvision-data"))
    pixels: list[Pixels] = []
    labels: list[int] = []
    for part in parts:
        for image, label in _items(part, name):
            pixels.append(_read(image, reading))
            labels.append(label)
    official = np.repeat([part.name for part in parts], [len(part.items) for part in parts])
    ids = [f"{part.name or 'all'}/{number:06d}" for part in parts for number in range(len(part.items))]
    return Images(
        pixels=Ragged.of(_alike(pixels)),
        id=np.array(ids, np.str_),
        label=np.array(labels, np.int64),
        classes=_classes(parts[0].items, labels),
        group=np.arange(len(labels)),
        official=official.astype(np.str_),
        fingerprint=fingerprint(*(np.ascontiguousarray(each) for each in pixels), np.array(labels)),
    )


def _parts(name: str, root: Path) -> list[Part]:
    from torchvision import datasets

    kind = getattr(datasets, name, None)
    if name not in datasets.__all__ or not inspect.isclass(kind):
        raise UsageError(
            f"torchvision has no set {name!r}: wanted a name such as CIFAR10, exactly as torchvision has it"
        )
    flags = inspect.signature(kind).parameters
    have: dict[str, Any] = {"download": True} if "download" in flags else {}
    make: Callable[..., Any] = kind
    wanted_parts: list[tuple[str, dict[str, Any]]] = [("", {})]
    if "train" in flags:
        wanted_parts = [("train", {"train": True}), ("test", {"train": False})]
    elif "split" in flags and flags["split"].default == "train":
        wanted_parts = [("train", {"split": "train"}), ("test", {"split": "test"})]
    try:
        return [Part(part, make(root=root, **chosen, **have)) for part, chosen in wanted_parts]
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        raise DataError(f"torchvision cannot give {name} in {root}: {error}") from error


def _items(part: Part, name: str) -> Iterator[tuple[Any, int]]:
    for number in range(len(part.items)):
        item = part.items[number]
        if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[1], int):
            raise DataError(f"{name} of torchvision does not give an image and one class each: lessup cannot read it")
        yield item


def _read(image: Any, reading: Reading) -> Pixels:
    """Return (H, W, C) pixels of one of torchvision's images."""
    pixels = np.asarray(image)
    pixels = image_file.reduced(pixels[:, :, None] if pixels.ndim == 2 else pixels, reading.size or DEFAULT_SIZE)
    return (
        pixels if reading.colour == "auto" else image_file.with_channels(pixels, 1 if reading.colour == "grey" else 3)
    )


def _alike(pixels: list[Pixels]) -> list[Pixels]:
    """Return all images with the channels of the one that has most."""
    most = max(each.shape[2] for each in pixels)
    return [each if each.shape[2] == most else image_file.with_channels(each, most) for each in pixels]


def _classes(items: Any, labels: list[int]) -> tuple[str, ...]:
    names = tuple(str(name) for name in getattr(items, "classes", ()))
    return names if len(names) > max(labels) else tuple(str(number) for number in range(max(labels) + 1))
