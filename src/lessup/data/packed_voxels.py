"""One ``.npz`` file of bit-packed grids, in any of three layouts told apart by the names of their arrays.

* The volumes of the VConv-DAE authors: ``clean``, ``y``, ``object``, ``view``, ``classes``, ``shape``, and their own
  corrupted copies ``rand_CLASS_PERCENT`` and ``dist_CLASS_PERCENT`` in the order of ``clean[y == class]``.
* One volume an object with an official split: ``train_bits``, ``test_bits``, ``train_y``, ``test_y``, ``classes``.
* lessup's own, see ``lessup.samples.storage``.

In all three the third axis points up and its first cell is the lowest (looked at in both public files: chairs stand on
their legs at low third indices), so no axis is exchanged. Arrays are in C order, first cell in the highest bit.
"""

from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz
from lessup.samples import Damage, Reading, storage
from lessup.samples.assembly import assemble
from lessup.samples.resample import resampled
from lessup.samples.voxels import Corrupted, Voxels, first_equal

wanted = "a .npz file of bit-packed grids (see `lessup.samples.storage`)"
general = False

_AUTHORS = ("clean", "y", "object", "view", "classes", "shape")
_OFFICIAL = ("train_bits", "test_bits", "train_y", "test_y", "classes")
_CORRUPTIONS = ("rand_10", "rand_30", "rand_50", "dist_10", "dist_20", "dist_30")


def recognises(path: Path) -> bool:
    """Tell whether this is a ``.npz`` file but no single grid; a damaged one counts, so that ``load`` can say so."""
    if path.suffix.lower() != ".npz" or not path.is_file():
        return False
    try:
        return len(npz.names(path)) != 1
    except DataError:
        return True


def load(path: Path, reading: Reading) -> Voxels:
    """Load all grids; the authors' corrupted copies stay on disk until they are asked for.

    Empty grids are left out and named in ``damage``.

    Args:
        path: the file.
        reading: ``side`` resamples the grids; the corrupted copies of other grids are then left behind.

    Raises:
        DataError: the file is damaged, is of another layout, or its arrays do not match.
    """
    path = path.resolve()
    found = npz.headers(path)
    if "clean" in found:
        voxels = _load_authors(path, found)
    elif "train_bits" in found:
        voxels = _load_official(path, found)
    elif "bits" in found:
        voxels = storage.load(path)
    else:
        layouts = "; or ".join(", ".join(keys) for keys in (storage.KEYS, _AUTHORS, _OFFICIAL))
        raise DataError(f"{path}: holds {', '.join(list(found)[:8]) or 'no arrays'}; wanted {layouts}")
    return resampled(voxels, reading.side or voxels.side)


def _load_authors(path: Path, found: dict[str, npz.Header]) -> Voxels:
    arrays = _arrays(path, found, _AUTHORS)
    shape = arrays["shape"].tolist()
    if not isinstance(shape, list) or len(shape) != 3 or len(set(shape)) != 1:
        raise DataError(f"{path}: shape is {shape}; wanted three equal whole numbers")
    classes = _classes(path, arrays["classes"])
    label = _integers(path, "y", arrays["y"], num_grids=len(arrays["clean"]), below=len(classes))
    numbers = [_integers(path, key, arrays[key], num_grids=len(label)) for key in ("object", "view")]
    # Object numbers may start anew in every class, so only the pair of both names an object.
    pairs = np.stack([label, numbers[0]], axis=1)
    names = [_name(classes, *row) for row in zip(label, *numbers, strict=True)]
    return assemble(
        path,
        bits=arrays["clean"],
        side=int(shape[0]),
        label=label,
        classes=classes,
        group=np.unique(pairs, axis=0, return_inverse=True)[1].reshape(-1),
        view=numbers[1],
        official=np.full(len(label), ""),
        id=names,
        corrupted=_corrupted(path, found, label, classes),
    )


def _corrupted(
    path: Path, found: dict[str, npz.Header], label: NDArray[np.int64], classes: tuple[str, ...]
) -> dict[str, Corrupted]:
    """Check the corrupted copies by their headers alone and return what reads them."""
    copies = {}
    for name in _CORRUPTIONS:
        kind, percent = name.split("_")
        keys = {y: f"{kind}_{title}_{percent}" for y, title in enumerate(classes)}
        keys = {y: key for y, key in keys.items() if key in found}
        for y, key in keys.items():
            shape = (int((label == y).sum()), *found["clean"].shape[1:])
            if found[key].shape != shape or found[key].dtype != np.uint8:
                raise DataError(
                    f"{path}: {key} is {found[key].dtype} of shape {found[key].shape}; wanted uint8 of {shape}, "
                    f"one copy of each grid of class {classes[y]!r}"
                )
        if keys:
            copies[name] = Corrupted(np.isin(label, list(keys)), partial(_read_copies, path, keys, label))
    return copies


def _read_copies(path: Path, keys: dict[int, str], label: NDArray[np.int64]) -> NDArray[np.uint8]:
    copies = {y: npz.read(path, key) for y, key in keys.items()}
    num_bytes = next(iter(copies.values())).shape[1]
    bits = np.zeros((len(label), num_bytes), np.uint8)
    for y, copy in copies.items():
        bits[label == y] = copy
    return bits


def _load_official(path: Path, found: dict[str, npz.Header]) -> Voxels:
    arrays = _arrays(path, found, _OFFICIAL)
    classes = _classes(path, arrays["classes"])
    parts = ("train", "test")
    labels = [
        _integers(path, f"{part}_y", arrays[f"{part}_y"], num_grids=len(arrays[f"{part}_bits"]), below=len(classes))
        for part in parts
    ]
    if arrays["train_bits"].shape[1:] != arrays["test_bits"].shape[1:]:
        raise DataError(f"{path}: train_bits and test_bits are grids of different sides")
    bits, label = np.concatenate([arrays[f"{p}_bits"] for p in parts]), np.concatenate(labels)
    names = [_name(classes, y, number, 0) for y, number in zip(label, _number_in_class(label), strict=True)]
    return assemble(
        path,
        bits=bits,
        side=_side(path, bits.shape[1]),
        label=label,
        classes=classes,
        group=np.arange(len(label)),
        view=np.zeros(len(label), np.int64),
        official=np.repeat(parts, [len(part) for part in labels]),
        id=names,
        damage=_leaks(bits, len(labels[0]), names),
    )


def _leaks(bits: NDArray[np.uint8], num_train: int, names: list[str]) -> list[Damage]:
    """Name the test grids that are equal to a training grid; empty ones are named elsewhere."""
    first, occupied = first_equal(bits), bits.any(axis=1)
    leaks = np.flatnonzero((first < num_train) & (np.arange(len(bits)) >= num_train) & occupied)
    return [Damage(names[i], f"test grid equal to training grid {names[first[i]]}", skipped=False) for i in leaks]


def _number_in_class(label: NDArray[np.int64]) -> NDArray[np.int64]:
    number = np.empty(len(label), np.int64)
    for y in np.unique(label):
        number[label == y] = np.arange((label == y).sum())
    return number


def _side(path: Path, num_bytes: int) -> int:
    side = int(np.cbrt(8 * num_bytes).round())
    if -(-(side**3) // 8) != num_bytes:
        raise DataError(
            f"{path}: grids of {num_bytes} bytes are no bit-packed cubes; {side}^3 cells need {side**3 / 8:g}"
        )
    return side


def _arrays(path: Path, found: dict[str, npz.Header], keys: tuple[str, ...]) -> dict[str, NDArray[Any]]:
    missing = [key for key in keys if key not in found]
    if missing:
        raise DataError(f"{path}: lacks {', '.join(missing)}; wanted {', '.join(keys)}: copy or write it again")
    return {key: npz.read(path, key) for key in keys}


def _name(classes: tuple[str, ...], label: int, number: int, view: int) -> str:
    return f"{classes[label]}/{number:04d}/{view:02d}"


def _classes(path: Path, names: NDArray[Any]) -> tuple[str, ...]:
    if names.ndim != 1 or names.dtype.kind != "U":
        raise DataError(f"{path}: classes is {names.dtype} of shape {names.shape}; wanted a list of names")
    return tuple(str(name) for name in names)


def _integers(
    path: Path, key: str, array: NDArray[Any], *, num_grids: int, below: int | None = None
) -> NDArray[np.int64]:
    """Check that an array has one whole number a grid, from 0 to below ``below``."""
    if array.dtype.kind not in "iu":
        raise DataError(f"{path}: {key} holds {array.dtype}; wanted whole numbers")
    if array.shape != (num_grids,):
        raise DataError(f"{path}: {key} has shape {array.shape} for {num_grids} grids: wanted one number a grid")
    numbers = array.astype(np.int64)
    if num_grids and (numbers.min() < 0 or (below is not None and numbers.max() >= below)):
        limit = "" if below is None else f" to {below - 1}"
        raise DataError(
            f"{path}: {key} runs from {numbers.min()} to {numbers.max()}; wanted 0{limit}: labels do not match"
        )
    return numbers
