"""A process that mines one video: what hangs or crashes in a decoder ends this process and no other.

``python -m lessup.mining.worker SOURCE NAME OUT SIZE MAX_MEGAPIXELS`` writes the pairs of one file of a folder or
archive, or of one folder of frames in it, into an empty folder, and a dot for every few frames to standard output, so
that its parent sees it alive.
"""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, open_tree
from lessup.formats.frame_files import frames_by_folder, still
from lessup.formats.limits import check_pixels
from lessup.formats.pair_files import ClipLine, PairLine, write_clip
from lessup.formats.video_file import opened
from lessup.formats.video_pictures import pixels, shown_extent
from lessup.mining.tracks import Miner, PatchPair

_FRAMES_A_DOT = 10


def mine(source: Path, name: str, out: Path, *, size: int, max_megapixels: int) -> None:
    """Write the pairs of one video, and ``clip.json`` last.

    Args:
        source: folder or archive.
        name: of the video within it, or of a folder of frames.
        out: an empty folder.
        size: pixels on the short side of a reduced frame.
        max_megapixels: larger frames are refused.
    """
    miner = Miner()
    told: list[str] = []
    pairs: list[PairLine] = []
    try:
        tree = open_tree(source)
        folders = frames_by_folder(tree.names())
        if name in folders:
            frames = _of_folder(tree, folders[name], size, max_megapixels, told)
        else:
            frames = _of_video(tree, name, size, max_megapixels, told)
        pairs += (_written(pair, name, out) for pair in miner.pairs(_with_signs_of_life(frames)))
        if not miner.num_frames:
            told.insert(0, "not one picture can be decoded")
    except (DataError, OSError) as error:
        told.append(str(error))
    write_clip(out, ClipLine(name, miner.num_frames, len(pairs), ": ".join(told), dict(miner.dropped)), pairs)


def _of_video(
    tree: FileTree, name: str, size: int, max_megapixels: int, told: list[str]
) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a video, upright and reduced to the size of the first; one is held at a time."""
    with tree.open(name) as file, opened(file, max_megapixels=max_megapixels) as video:
        if video.pictures is None:
            raise DataError("has no moving pictures")
        extent: tuple[int, int] | None = None
        for frame in video.decoded(video.pictures):
            check_pixels(frame.width, frame.height, max_megapixels)
            extent = extent or shown_extent(frame, video.pictures.sample_aspect_ratio)
            yield pixels(frame, extent, size=size, channels=3)
        if video.problem or video.num_damaged:
            told.append(video.problem or f"{video.num_damaged} parts cannot be decoded")


def _of_folder(
    tree: FileTree, files: Sequence[str], size: int, max_megapixels: int, told: list[str]
) -> Iterator[NDArray[np.uint8]]:
    """Yield images that are frames, reduced to the size of the first; what cannot be decoded is passed over."""
    extent: tuple[int, int] | None = None
    damaged = []
    for name in files:
        try:
            frame = still(tree.read(name), size, max_megapixels, 3)
        except DataError as error:
            damaged.append(f"{name} {error}")
            continue
        extent = extent or frame.shape[:2]
        same = frame.shape[:2] == extent
        yield frame if same else np.asarray(cv2.resize(frame, extent[::-1], interpolation=cv2.INTER_AREA), np.uint8)
    if damaged:
        told.append(f"{len(damaged)} frames cannot be decoded, such as {damaged[0]}")


def _with_signs_of_life(frames: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    for number, frame in enumerate(frames):
        if number % _FRAMES_A_DOT == 0:
            print(".", flush=True)
        yield frame


def _written(pair: PatchPair, clip: str, out: Path) -> PairLine:
    stem = f"{pair.frames[0]:06d}-{pair.frames[1]:06d}"
    pictures = (f"{stem}-a.png", f"{stem}-b.png")
    for picture, patch in zip(pictures, pair.patches, strict=True):
        content = cv2.imencode(".png", cv2.cvtColor(patch, cv2.COLOR_RGB2BGR))[1]
        (out / picture).write_bytes(content.tobytes())
    return PairLine(clip, pair.frames, (*pair.boxes[0], *pair.boxes[1]), pictures)


if __name__ == "__main__":
    cv2.setNumThreads(1)
    mine(Path(sys.argv[1]), sys.argv[2], Path(sys.argv[3]), size=int(sys.argv[4]), max_megapixels=int(sys.argv[5]))
