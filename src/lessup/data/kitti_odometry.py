"""KITTI odometry: frames of a driving car, with the pose of its camera at each (Geiger, Lenz, Urtasun 2012).

Either layout, unpacked or in an archive; each camera of each sequence is a clip, and those of one sequence a group::

    sequences/00/image_2/000000.png ..., sequences/00/calib.txt, sequences/00/times.txt, poses/00.txt    as published
    sequence_1/image_l/000000.png ..., sequence_1/calib.txt, sequence_1/poses.txt                        with its poses

A row of ``poses`` is rotation and place (3 x 4) of the left grey camera in the world of its first frame, for every
camera of the sequence. Without ``times.txt``, frames are 0.1 s apart. Sequences 11 to 21 are published without poses.
"""

import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.frame_files import frames_by_folder
from lessup.samples import Damage, Reading
from lessup.samples.clip_entries import ClipEntry, build_clips
from lessup.samples.clips import Clips

wanted = "KITTI odometry: sequences/00/image_2/ and poses/00.txt, or sequence folders with image_l/ and poses.txt"
general = False

_CAMERA = re.compile(r"(?:(.*)/)?image_([0-3lr])")

_NUMBER = {"l": 0, "r": 1}
"""Which camera the folders of the second layout are of."""

_RATE = 10.0
"""Frames a second."""


def recognises(path: Path) -> bool:
    """Tell whether there are folders of a camera's images with a file of calibration beside one of them."""
    if not is_tree(path):
        return False
    names = set(open_tree(path).names())
    return any(
        (found := _CAMERA.fullmatch(name.rpartition("/")[0])) and _beside(found[1], "calib.txt") in names
        for name in names
    )


def load(path: Path, reading: Reading) -> Clips:
    """Look through the frames of every camera.

    Poses or times that are not one a frame are left aside, and named.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``frames``.

    Raises:
        DataError: there is no camera, or no frame can be used.
    """
    tree = open_tree(path)
    damage: list[Damage] = []
    entries = []
    for folder, files in sorted(frames_by_folder(tree.names()).items()):
        if camera := _CAMERA.fullmatch(folder):
            entries.append(_entry(tree, folder, files, camera[1] or "", camera[2], damage))
    return build_clips(tree, entries, reading, classes=(), damage=tuple(dict.fromkeys(damage)))


def _entry(
    tree: FileTree, folder: str, files: tuple[str, ...], sequence: str, camera: str, damage: list[Damage]
) -> ClipEntry:
    above, _, last = sequence.rpartition("/")
    own, shared = _beside(sequence, "poses.txt"), _beside(above.rpartition("/")[0], f"poses/{last}.txt")
    poses = _rows(tree, own if own in tree.names() else shared, 12, len(files), damage)
    times = _rows(tree, _beside(sequence, "times.txt"), 1, len(files), damage)
    return ClipEntry(
        id=folder,
        files=files,
        is_video=False,
        rate=_RATE,
        time=None if times is None else times[:, 0],
        group=sequence,
        pose=None if poses is None else poses.reshape(-1, 3, 4),
        projection=_projection(tree, _beside(sequence, "calib.txt"), camera, damage),
    )


def _beside(folder: str | None, name: str) -> str:
    return f"{folder}/{name}" if folder else name


def _rows(tree: FileTree, name: str, width: int, count: int, damage: list[Damage]) -> NDArray[np.float64] | None:
    """Return (count, width) numbers of a file; None if it is not there, or holds something else, which is named."""
    if name not in tree.names():
        return None
    try:
        lines = [line.split() for line in tree.read(name).decode("ascii", "replace").splitlines() if line.strip()]
        if len(lines) != count:
            raise DataError(f"{len(lines)} rows for {count} frames: left aside")
        if any(len(line) != width for line in lines):
            raise DataError(f"wanted {width} numbers a row: left aside")
        rows = np.array([[float(number) for number in line] for line in lines])
        if not np.isfinite(rows).all():
            raise DataError("holds numbers that are not finite: left aside")
    except ValueError as error:
        damage.append(Damage(name, str(error), skipped=False))
        return None
    return rows


def _projection(tree: FileTree, name: str, camera: str, damage: list[Damage]) -> NDArray[np.float64] | None:
    """Return the (3, 4) projection of a camera: the row called ``P0`` to ``P3``, or that of its number."""
    if name not in tree.names():
        return None
    number = _NUMBER[camera] if camera in _NUMBER else int(camera)
    try:
        lines = [line.split() for line in tree.read(name).decode("ascii", "replace").splitlines() if line.strip()]
        named = {line[0]: line[1:] for line in lines if line[0].endswith(":")}
        row = named.get(f"P{number}:", []) if named else lines[number] if number < len(lines) else []
        return np.array([float(each) for each in row]).reshape(3, 4)
    except ValueError as error:
        damage.append(Damage(name, f"no projection of camera {number}: {error}", skipped=False))
        return None
