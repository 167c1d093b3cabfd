"""A process that mines one video: what hangs or crashes in a decoder ends this process and no other.

``python -m lessup.mining.worker SOURCE NAME OUT SIZE MAX_MEGAPIXELS`` writes the pairs of one file of a folder or
archive into an empty folder, and a dot for every few frames to standard output, so that its parent sees it alive.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.formats.limits import check_pixels
from lessup.formats.pair_files import ClipLine, PairLine, write_clip
from lessup.formats.video_file import Video, opened
from lessup.formats.video_pictures import pixels, shown_extent
from lessup.mining.tracks import Miner, PatchPair

_FRAMES_A_DOT = 10


def mine(source: Path, name: str, out: Path, *, size: int, max_megapixels: int) -> None:
    """Write the pairs of one video, and ``clip.json`` last.

    Args:
        source: folder or archive.
        name: of the video within it.
        out: an empty folder.
        size: pixels on the short side of a reduced frame.
        max_megapixels: larger frames are refused.
    """
    miner, problem = Miner(), ""
    pairs: list[PairLine] = []
    try:
        with open_tree(source).open(name) as file, opened(file, max_megapixels=max_megapixels) as video:
            if video.pictures is None:
                raise DataError("has no moving pictures")
            pairs += (_written(pair, name, out) for pair in miner.pairs(_frames(video, size, max_megapixels)))
            problem = video.problem or (f"{video.num_damaged} parts cannot be decoded" if video.num_damaged else "")
            if not miner.num_frames:
                problem = f"not one picture can be decoded{problem and ': ' + problem}"
    except (DataError, OSError) as error:
        problem = str(error)
    write_clip(out, ClipLine(name, miner.num_frames, len(pairs), problem, dict(miner.dropped)), pairs)


def _frames(video: Video, size: int, max_megapixels: int) -> Iterator[NDArray[np.uint8]]:
    """Yield the frames of a video, upright and reduced to the size of the first; one is held at a time."""
    extent: tuple[int, int] | None = None
    for number, frame in enumerate(video.decoded(video.pictures)):
        check_pixels(frame.width, frame.height, max_megapixels)
        extent = extent or shown_extent(frame, video.pictures.sample_aspect_ratio)
        if number % _FRAMES_A_DOT == 0:
            print(".", flush=True)
        yield pixels(frame, extent, size=size, channels=3)


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
