"""Any classification set of torchvision by name, such as ``torchvision:CIFAR10`` or ``torchvision:EuroSAT@data/euro``.

What follows ``@`` is the folder where the set lies or is downloaded to, ``torchvision-data`` if left out. Sets that
come in a training and a test part keep them; a validation part takes the place of a test part that is not there.
Arguments of torchvision's class may follow the name, such as ``torchvision:STL10,split=unlabeled@data`` or
``torchvision:EMNIST,split=letters``; where they name a part, there is that part alone.
"""

import inspect
from ast import literal_eval
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from lessup.errors import DataError, UsageError
from lessup.formats import image_file
from lessup.samples import Damage, Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.image_decoding import DEFAULT_SIZE
from lessup.samples.images import Images, Pixels, Ragged

wanted = "torchvision:NAME or torchvision:NAME,split=PART@FOLDER, a set of torchvision"
general = False

PREFIX = "torchvision:"

_TRAINING_SPLITS = ("train", "trainval", "train-standard")
"""Defaults of ``split`` beside which a set has another part to test on."""

_TEST_SPLITS = ("test", "val", "valid")
"""Names of that part, the first of them that a set has."""


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
        path: ``torchvision:NAME,ARGUMENT=VALUE@FOLDER``.
        reading: ``size`` and ``colour``.

    Raises:
        UsageError: torchvision has no such set, or it has no such argument or part.
        DataError: it is not there and cannot be downloaded, or is no set of images with one class each.
    """
    asked, _, folder = str(path).removeprefix(PREFIX).partition("@")
    name, *arguments = asked.split(",")
    parts = _parts(name, _arguments(arguments), Path(folder or "torchvision-data"))
    official = np.repeat([part.name for part in parts], [len(part.items) for part in parts])
    ids = [f"{part.name or 'all'}/{number:06d}" for part in parts for number in range(len(part.items))]
    pixels: list[Pixels] = []
    labels: list[int] = []
    notes: list[list[str]] = []
    for part in parts:
        for image, label in _items(part, name):
            array, changes = _read(image, reading)
            pixels.append(array)
            notes.append(changes)
            labels.append(-1 if label is None else int(label))
    pixels = _alike(pixels, notes)
    return Images(
        pixels=Ragged.of(pixels),
        id=np.array(ids, np.str_),
        label=np.array(labels, np.int64),
        classes=_classes(parts[0].items, labels),
        group=np.arange(len(labels)),
        official=official.astype(np.str_),
        fingerprint=fingerprint(*(np.ascontiguousarray(each) for each in pixels), np.array(labels)),
        damage=tuple(Damage(id, "; ".join(told), skipped=False) for id, told in zip(ids, notes, strict=True) if told),
    )


def _arguments(words: list[str]) -> dict[str, Any]:
    """Read ``name=value``: numbers, True, False and None as such, all else as text.

    >>> _arguments(["split=unlabeled", "train=False"])
    {'split': 'unlabeled', 'train': False}
    """
    given: dict[str, Any] = {}
    for word in words:
        key, _, value = word.partition("=")
        if not key or not value:
            raise UsageError(f"{word!r} behind the name of a set of torchvision: wanted ARGUMENT=VALUE")
        try:
            given[key] = literal_eval(value)
        except (ValueError, SyntaxError):
            given[key] = value
    return given


def _parts(name: str, given: Mapping[str, Any], root: Path) -> list[Part]:
    from torchvision import datasets

    kind = getattr(datasets, name, None)
    if name not in datasets.__all__ or not inspect.isclass(kind):
        raise UsageError(
            f"torchvision has no set {name!r}: wanted a name such as CIFAR10, exactly as torchvision has it"
        )
    flags = _flags(kind)
    _check_arguments(name, given, flags)
    have = {"download": True, **given} if "download" in flags else dict(given)
    if "train" in flags and "train" not in given:
        parts = [("train", {"train": True}), ("test", {"train": False})]
        return [Part(part, _made(name, kind, root, have | chosen)) for part, chosen in parts]
    default = flags["split"].default if "split" in flags else ""
    if "split" in given or default not in _TRAINING_SPLITS:
        return [Part("", _made(name, kind, root, have))]
    train = Part("train", _made(name, kind, root, have | {"split": default}))
    for split in _TEST_SPLITS:
        try:
            return [train, Part("test", _made(name, kind, root, have | {"split": split}))]
        except UsageError:
            continue
    return [Part("", train.items)]


def _flags(kind: type) -> dict[str, inspect.Parameter]:
    """Return what a class may be given, and what it hands on to the one that it derives from."""
    own = dict(inspect.signature(kind).parameters)
    hands_on = any(flag.kind is inspect.Parameter.VAR_KEYWORD for flag in own.values())
    return _flags(kind.__bases__[0]) | own if hands_on else own


def _check_arguments(name: str, given: Mapping[str, Any], flags: Mapping[str, inspect.Parameter]) -> None:
    plain = {key: flag for key, flag in flags.items() if flag.kind is not inspect.Parameter.VAR_KEYWORD}
    needed = [key for key, flag in plain.items() if flag.default is inspect.Parameter.empty and key != "root"]
    lacking, strange = [key for key in needed if key not in given], [key for key in given if key not in plain]
    if lacking:
        raise UsageError(f"{name} of torchvision wants {lacking[0]}: pass {PREFIX}{name},{lacking[0]}=VALUE")
    if strange:
        raise UsageError(f"{name} of torchvision has no {strange[0]}: it has {', '.join(plain)}")


def _made(name: str, kind: type, root: Path, arguments: Mapping[str, Any]) -> Any:
    try:
        return kind(root=root, **arguments)
    except (RuntimeError, OSError, TypeError, ValueError) as error:
        if str(error).startswith("Unknown value"):  # for its split, or another of its arguments
            raise UsageError(f"{name} of torchvision: {error}") from error
        how = "could not be downloaded" if arguments.get("download") else "torchvision does not download it here"
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise DataError(
            f"{name} is not whole in {root}, and {how} ({reason}): put its files there as torchvision's page on {name} "
            "says, or run this once where there is a connection"
        ) from error


def _items(part: Part, name: str) -> Iterator[tuple[Any, Any]]:
    for number in range(len(part.items)):
        item = part.items[number]
        if not isinstance(item, tuple) or len(item) != 2 or not isinstance(item[1], int | np.integer | None):
            raise DataError(f"{name} of torchvision does not give an image and one class each: lessup cannot read it")
        yield item


def _read(image: Any, reading: Reading) -> tuple[Pixels, list[str]]:
    """Return (H, W, C) pixels of one of torchvision's images, and what was changed."""
    changes: tuple[str, ...] = ()
    if isinstance(image, Image.Image):
        image, changes = image_file.plain(image)
    pixels = np.asarray(image)
    pixels = image_file.reduced(pixels[:, :, None] if pixels.ndim == 2 else pixels, reading.size or DEFAULT_SIZE)
    if reading.colour != "auto":
        pixels = image_file.with_channels(pixels, 1 if reading.colour == "grey" else 3)
    return pixels, list(changes)


def _alike(pixels: list[Pixels], notes: list[list[str]]) -> list[Pixels]:
    """Return all images with the channels of the one that has most, and note which were changed."""
    most = max(each.shape[2] for each in pixels)
    for each, changes in zip(pixels, notes, strict=True):
        if each.shape[2] != most:
            changes.append("grey among colour images")
    return [each if each.shape[2] == most else image_file.with_channels(each, most) for each in pixels]


def _classes(items: Any, labels: list[int]) -> tuple[str, ...]:
    names = tuple(str(name) for name in getattr(items, "classes", ()))
    return names if len(names) > max(labels) else tuple(str(number) for number in range(max(labels) + 1))
