"""A folder of single grids: ``.npy``, ``.npz``, ``.binvox`` and ``.mat``, one sub-folder a class.

See ``lessup.samples.folder_names`` for what the place of a file says. Axes are taken as stored, with z up, as in
3DShapeNets' files; ShapeNet's ``.binvox`` files have y up and want ``up="y"``.
"""

from collections import Counter
from dataclasses import replace
from pathlib import Path, PurePath

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.formats.grid import SUFFIXES, read_grid
from lessup.samples import Damage, Reading
from lessup.samples.assembly import assemble, fingerprint
from lessup.samples.cache import cached, files_fingerprint
from lessup.samples.folder_names import class_labels, place_of
from lessup.samples.resample import resample
from lessup.samples.voxels import Voxels, first_equal, pack

wanted = "a folder of .npy, .npz, .binvox or .mat grids, one sub-folder a class"
general = True

_CACHE_VERSION = "voxel-folder-2"


def recognises(path: Path) -> bool:
    """Tell whether this is a folder with at least one file named as a grid."""
    return path.is_dir() and bool(_files(path))


def load(path: Path, reading: Reading) -> Voxels:
    """Load every grid below a folder, through a cache beside it.

    Damaged and empty grids are left out and named in ``damage``; equal grids of different objects are named and kept.

    Args:
        path: the folder.
        reading: ``side`` resamples the grids, and is needed where they are of several sides; ``up``.

    Raises:
        DataError: all grids are damaged or empty, or they are of several sides and none is asked for.
    """
    files = _files(path)
    key = fingerprint(
        _CACHE_VERSION, files_fingerprint(files, path), str(reading.side), "y up" if reading.up == "y" else "z up"
    )
    return cached(key, path, lambda: _build(path, files, reading))


def _files(path: Path) -> list[Path]:
    """Return the files named as grids, in order."""
    return sorted(path / name for name in open_tree(path).names() if PurePath(name).suffix.lower() in SUFFIXES)


def _build(path: Path, files: list[Path], reading: Reading) -> Voxels:
    packed, sides, damage = [], [], []
    read = []
    for file in files:
        try:
            grid = read_grid(file, up=reading.up)
        except DataError as error:
            damage.append(Damage(file.relative_to(path).as_posix(), str(error).removeprefix(f"{file}: ")))
            continue
        read.append(file.relative_to(path))
        packed.append(pack(grid[None])[0])
        sides.append(len(grid))
    if not read:
        raise DataError(
            f"all {len(files)} grids under {path} are damaged, such as {damage[0].name}: {damage[0].reason}"
        )
    places = [place_of(file) for file in read]
    labels, classes = class_labels(places)
    voxels = assemble(
        path,
        bits=_one_side(path, packed, np.array(sides), reading.side),
        side=reading.side or sides[0],
        label=np.array(labels),
        classes=classes,
        group=np.unique([place.object for place in places], return_inverse=True)[1],
        view=np.array([place.view for place in places]),
        official=[place.official for place in places],
        id=[file.as_posix() for file in read],
        damage=damage,
    )
    return replace(voxels, damage=(*voxels.damage, *_doubles(voxels)))


def _one_side(path: Path, packed: list[NDArray[np.uint8]], sides: NDArray[np.int64], side: int) -> NDArray[np.uint8]:
    """Bring grids to one side: those of each stored side together, so that they are all treated alike."""
    stored = Counter(sides.tolist()).most_common()
    if not side and len(stored) > 1:
        counts = ", ".join(f"{count} of {old}^3" for old, count in stored)
        raise DataError(f"grids of several sizes under {path}: {counts}: pass --side {stored[0][0]} to resample them")
    new_side = side or stored[0][0]
    bits = np.empty((len(packed), -(-(new_side**3) // 8)), np.uint8)
    for old, _ in stored:
        chosen = np.flatnonzero(sides == old)
        together = np.stack([packed[i] for i in chosen])
        bits[chosen] = together if old == new_side else resample(together, old, new_side)
    return bits


def _doubles(voxels: Voxels) -> list[Damage]:
    first = first_equal(voxels.bits)
    doubles = np.flatnonzero(voxels.group[first] != voxels.group)
    return [Damage(str(voxels.id[i]), f"equal to {voxels.id[first[i]]}", skipped=False) for i in doubles]
