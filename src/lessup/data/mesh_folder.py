"""A folder of triangle meshes, or one mesh: ``.off``, ``.obj``, ``.stl``, ``.ply`` and ``.glb``, z up (GLB: y up).

Any of these layouts, told apart by the names of the folders::

    chair/chair_0001.off                        one folder a class
    chair/train/..., chair/test/...             ModelNet10 and ModelNet40 as they are published: an official split
    train/chair/..., test/chair/...             the same the other way round
    one.obj, two.stl                            no classes

Meshes become solid grids, see ``lessup.transforms.voxelize``, and are kept in a cache beside the folder. Grids among
them are left out, and named.
"""

import multiprocessing
import os
import sys
import warnings
from collections import Counter
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, ShapeError, UsageError
from lessup.formats.file_tree import open_tree
from lessup.formats.grid import SUFFIXES as GRID_SUFFIXES
from lessup.formats.mesh import SUFFIXES, read_mesh
from lessup.samples import Damage, Reading
from lessup.samples.assembly import assemble, fingerprint
from lessup.samples.cache import cached, files_fingerprint
from lessup.samples.voxels import Voxels, pack
from lessup.transforms.voxelize import voxelize

wanted = f"a folder of meshes ({', '.join(SUFFIXES)})"
general = True

DEFAULT_SIDE = 30
"""24 cells padded by 3, as 3DShapeNets and VConv-DAE have them."""

_VERSION = "1"
"""Part of the cache's key; another number wherever the same mesh would give other grids."""

_SERIAL = 16
"""So few meshes are voxelised faster than other processes start."""


@dataclass(frozen=True)
class Place:
    """What the folders around a mesh say about it.

    Attributes:
        label: name of its class, empty if it has none.
        official: ``train``, ``test`` or empty.
        id: name of the object, without the split and the suffix.
    """

    label: str
    official: str
    id: str


def recognises(path: Path) -> bool:
    """Tell whether this is a mesh or a folder with one anywhere below."""
    if path.is_file():
        return path.suffix.lower() in SUFFIXES
    return path.is_dir() and bool(_files(path, SUFFIXES))


def load(path: Path, reading: Reading) -> Voxels:
    """Voxelise every mesh, or read what an earlier call made of the same files.

    What cannot be read or voxelised is left out; that, and what is doubtful, is named in ``damage``.

    Args:
        path: the folder, or one mesh.
        reading: ``side``, where 0 means ``DEFAULT_SIDE``; ``padding``, ``views`` and ``up``.

    Raises:
        DataError: no mesh could be used.
        UsageError: the padding leaves no cell, or there are no views.
        MissingExtraError: a mesh needs trimesh and it is not installed.
    """
    side = reading.side or DEFAULT_SIDE
    if side <= 2 * reading.padding or reading.padding < 0 or reading.views < 1:
        raise UsageError(
            f"--side {side}, --padding {reading.padding}, --views {reading.views}: "
            "wanted a side above twice the padding, and at least one view"
        )
    root = path if path.is_dir() else path.parent
    files = _files(path, SUFFIXES) if path.is_dir() else [path]
    grids = [PurePosixPath(file.relative_to(path)) for file in _files(path, GRID_SUFFIXES)] if path.is_dir() else []
    if not files:
        raise DataError(f"no meshes in {path}: wanted {', '.join(SUFFIXES)}")
    settings = f"mesh-folder {_VERSION}, side {side}, padding {reading.padding}, views {reading.views}, up {reading.up}"
    key = fingerprint(settings, files_fingerprint(files, root), *map(str, grids))
    return cached(key, path, lambda: _build(files, grids, root, side, reading))


def placed(files: list[PurePosixPath]) -> list[Place]:
    """Read class, split and name of every mesh off its path below the folder.

    The name loses split and suffix unless two meshes would then share it.

    >>> placed([PurePosixPath("chair/train/chair_0001.off")])
    [Place(label='chair', official='train', id='chair/chair_0001')]
    """
    places = [_place(file) for file in files]
    uses = Counter(place.id for place in places)
    return [
        place if uses[place.id] == 1 else Place(place.label, place.official, file.as_posix())
        for file, place in zip(files, places, strict=True)
    ]


def _place(file: PurePosixPath) -> Place:
    folders = list(file.parts[:-1])
    splits = [number for number, folder in enumerate(folders) if folder.lower() in ("train", "test")]
    if not splits:
        return Place(folders[0] if folders else "", "", file.with_suffix("").as_posix())
    # CLASS/train/... as ModelNet has it, whatever stands above; otherwise train/CLASS/...
    split = splits[0]
    official = folders.pop(split).lower()
    label = folders[split - 1] if split else (folders[0] if folders else "")
    return Place(label, official, PurePosixPath(*folders, file.stem).as_posix())


def _files(path: Path, suffixes: tuple[str, ...]) -> list[Path]:
    """Return the files with one of the suffixes, in order."""
    return sorted(path / name for name in open_tree(path).names() if PurePosixPath(name).suffix.lower() in suffixes)


def _build(files: list[Path], grids: list[PurePosixPath], root: Path, side: int, reading: Reading) -> Voxels:
    relative = [PurePosixPath(file.relative_to(root).as_posix()) for file in files]
    outcomes = _voxelise_all(files, side, reading)
    damage = [
        Damage(str(name), "; ".join(problems), skipped=bits is None)
        for name, (bits, problems) in zip(relative, outcomes, strict=True)
        if problems
    ]
    damage += [Damage(str(grid), "a grid among meshes: give the grids a folder of their own") for grid in grids]
    kept = [(place, bits) for place, (bits, _) in zip(placed(relative), outcomes, strict=True) if bits is not None]
    if not kept:
        raise DataError(f"none of the {len(files)} meshes in {root} can be used; {damage[0].name}: {damage[0].reason}")
    classes = sorted({place.label for place, _ in kept} - {""})
    labels = [classes.index(place.label) if place.label else -1 for place, _ in kept]
    return assemble(
        root,
        bits=np.concatenate([bits for _, bits in kept]),
        side=side,
        label=np.repeat(labels, reading.views),
        classes=classes,
        group=np.repeat(np.arange(len(kept)), reading.views),
        view=np.tile(np.arange(reading.views), len(kept)),
        official=np.repeat([place.official for place, _ in kept], reading.views),
        id=[f"{place.id}/{view:02d}" for place, _ in kept for view in range(reading.views)],
        damage=damage,
    )


Outcome = tuple[NDArray[np.uint8] | None, tuple[str, ...]]
"""(R, bytes) of a mesh, None if it cannot be used, and what is wrong with it."""


def _voxelise_all(files: list[Path], side: int, reading: Reading) -> list[Outcome]:
    voxelise = partial(_voxelise, side=side, reading=reading)
    if len(files) <= _SERIAL:
        return [voxelise(file) for file in files]
    # The first mesh has numba compile the loops once, before the others share them.
    first = voxelise(files[0])
    with _executor() as executor, warnings.catch_warnings():
        # Python 3.12 warns of forking beside threads; the children use numpy and numba's loops alone.
        warnings.simplefilter("ignore", DeprecationWarning)
        return [first, *executor.map(voxelise, files[1:], chunksize=4)]


def _executor() -> Executor:
    """Return other processes where forking is safe, otherwise threads.

    Half the time goes into reading text, which threads would wait for. Starting processes anew instead of forking
    would run a caller's script again that does not guard its main part.
    """
    num_workers = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count()
    if sys.platform == "linux":
        return ProcessPoolExecutor(num_workers, mp_context=multiprocessing.get_context("fork"))
    return ThreadPoolExecutor(num_workers)


def _voxelise(file: Path, *, side: int, reading: Reading) -> Outcome:
    padding = reading.padding
    try:
        solids = voxelize(
            *read_mesh(file, up=reading.up), num_views=reading.views, cells=side - 2 * padding, padding=padding
        )
    except (DataError, ShapeError) as error:
        return None, (str(error).removeprefix(f"{file} ").removeprefix(f"{file}: "),)
    except OSError as error:
        return None, (f"cannot be opened: {error.strerror}",)
    return pack(solids.grids), solids.problems
