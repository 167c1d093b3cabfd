"""From the arrays of a file to checked ``Voxels``: what every source of grids ends in."""

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.samples import Damage
from lessup.samples.voxels import Corrupted, Voxels


def assemble(
    source: str | Path,
    *,
    bits: NDArray[np.uint8],
    side: int,
    label: NDArray[Any],
    classes: Sequence[str],
    group: NDArray[Any],
    view: NDArray[Any],
    official: Sequence[str] | NDArray[np.str_],
    id: Sequence[str] | NDArray[np.str_],
    damage: Sequence[Damage] = (),
    corrupted: Mapping[str, Corrupted] | None = None,
) -> Voxels:
    """Check arrays against one another, leave out and name empty grids, and add the fingerprint.

    Args:
        source: file or folder, for messages.
        bits: (N, ceil(V^3 / 8)) uint8.
        side: V.
        label: (N,) integers, -1 <= label < K.
        classes: (K,) names.
        group: (N,) integers, equal for the views of one object.
        view: (N,) integers, >= 0.
        official: (N,) ``train``, ``test`` or empty.
        id: (N,) unique names.
        damage: what was found before.
        corrupted: the data's own corrupted copies, by row of ``bits``.

    Raises:
        DataError: lengths, types, byte count or range do not match, names repeat, or no grid has an occupied cell.
    """
    numbers = {"label": label, "group": group, "view": view}
    numbers = {name: _integers(source, name, array) for name, array in numbers.items()}
    texts = {"official": np.asarray(official, np.str_), "id": np.asarray(id, np.str_)}
    for name, array in (numbers | texts).items():
        if array.shape != (len(bits),):
            raise DataError(f"{source}: {len(bits)} grids but {name} has shape {array.shape}: wanted one {name} a grid")
    _check_bits(source, bits, side)
    _check_values(source, numbers, texts, len(classes))
    occupied = bits.any(axis=1)
    if not occupied.any():
        raise DataError(f"{source}: all {len(bits)} grids are empty: check how they were made")
    numbers = {name: array[occupied] for name, array in numbers.items()}
    numbers["group"] = np.unique(numbers["group"], return_inverse=True)[1].astype(np.int64)
    names = {name: array[occupied] for name, array in texts.items()}
    kept = bits if occupied.all() else bits[occupied]
    lines = ("\n".join(text) for text in (classes, *names.values()))
    return Voxels(
        bits=kept,
        side=side,
        classes=tuple(classes),
        **numbers,
        official=names["official"],
        id=names["id"],
        row=np.flatnonzero(occupied),
        corrupted=corrupted or {},
        damage=(*damage, *(Damage(str(name), "empty grid") for name in texts["id"][~occupied])),
        fingerprint=fingerprint(str(side), kept, *lines, *numbers.values()),
    )


def fingerprint(*parts: str | bytes | NDArray[Any]) -> str:
    """Hash texts, bytes and arrays in order into 32 hexadecimal digits.

    Each part is hashed with its kind and length, so that no two lists of parts run into one another.

    >>> fingerprint("ab", "c") == fingerprint("a", "bc")
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, str):
            part = part.encode()
        if isinstance(part, bytes):
            digest.update(f"bytes {len(part)};".encode())
            digest.update(part)
        else:
            digest.update(f"{part.dtype.str} {part.shape};".encode())
            digest.update(np.ascontiguousarray(part).data)
    return digest.hexdigest()


def _integers(source: str | Path, name: str, array: NDArray[Any]) -> NDArray[np.int64]:
    if array.dtype.kind not in "iu":
        raise DataError(f"{source}: {name} holds {array.dtype}; wanted whole numbers")
    return array.astype(np.int64)


def _check_bits(source: str | Path, bits: NDArray[np.uint8], side: int) -> None:
    wanted = -(-(side**3) // 8)
    if side < 1 or bits.dtype != np.uint8 or bits.shape[1:] != (wanted,):
        raise DataError(
            f"{source}: grids are {bits.dtype} of {bits.shape[1:]} bytes; "
            f"wanted uint8 of ({wanted},), which is {side}^3 cells bit-packed"
        )
    spare = 8 * wanted - side**3
    if spare and (bits[:, -1] & (2**spare - 1)).any():
        raise DataError(f"{source}: bits beyond the last of {side}^3 cells are set: the grids are of another side")


def _check_values(
    source: str | Path,
    numbers: Mapping[str, NDArray[np.int64]],
    texts: Mapping[str, NDArray[np.str_]],
    num_classes: int,
) -> None:
    label, view = numbers["label"], numbers["view"]
    wrong = np.flatnonzero((label < -1) | (label >= num_classes))
    if len(wrong):
        raise DataError(
            f"{source}: {len(wrong)} labels such as {label[wrong[0]]} are outside the {num_classes} classes: "
            "wanted 0 to K - 1, or -1 for unlabelled"
        )
    if (view < 0).any():
        raise DataError(f"{source}: view {view.min()} is negative")
    strange = set(np.unique(texts["official"]).tolist()) - {"", "train", "test"}
    if strange:
        raise DataError(f"{source}: official split {min(strange)!r}; wanted 'train', 'test' or nothing")
    names, counts = np.unique(texts["id"], return_counts=True)
    if (counts > 1).any():
        raise DataError(
            f"{source}: {counts.max()} samples are called {str(names[counts.argmax()])!r}: names must be unique"
        )
