"""Pairs of patches in a folder to look through: pictures, and what is known of each pair and clip.

========================  ==============================================================================================
file                      content
========================  ==============================================================================================
``pairs.csv``             a line a pair: clip, frames, boxes (left, top, right, bottom in pixels) and both pictures
``clips.csv``             a line a clip: frames, pairs, what was wrong with it, and windows dropped, by reason
``CLIP/clip.json``        what one clip gave; where it stands, the clip is done
``CLIP/000010-000040-*``  pictures of the patches in frames 10 and 40: ``a.png`` and ``b.png``
========================  ==============================================================================================
"""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from lessup.errors import DataError

PAIRS, CLIPS, CLIP = "pairs.csv", "clips.csv", "clip.json"

_CORNERS = ("left", "top", "right", "bottom")
_PAIR_HEADER = (
    *("clip", "first_frame", "last_frame"),
    *(f"{patch}_{corner}" for patch in ("first", "last") for corner in _CORNERS),
    *("first", "last"),
)
_CLIP_HEADER = ("clip", "frames", "pairs", "problem")


@dataclass(frozen=True)
class PairLine:
    """One pair.

    Attributes:
        clip: its video.
        frames: numbers of the first and the last frame.
        boxes: left, top, right, bottom of the first patch within its frame, and of the last.
        pictures: files of both.
    """

    clip: str
    frames: tuple[int, ...]
    boxes: tuple[int, ...]
    pictures: tuple[str, ...]


@dataclass(frozen=True)
class ClipLine:
    """What one clip gave.

    Attributes:
        clip: the video.
        num_frames: that were decoded.
        num_pairs: that were found.
        problem: what is wrong with the file; empty if nothing is.
        dropped: windows that were dropped, by reason.
    """

    clip: str
    num_frames: int = 0
    num_pairs: int = 0
    problem: str = ""
    dropped: dict[str, int] = field(default_factory=dict)


def write_clip(folder: Path, line: ClipLine, pairs: Sequence[PairLine] = ()) -> None:
    """Write ``clip.json``; pictures of the pairs are named within its folder."""
    content = {"clip": asdict(line), "pairs": [asdict(pair) for pair in pairs]}
    (folder / CLIP).write_text(json.dumps(content, indent=1), encoding="utf-8")


def read_clip(folder: Path) -> tuple[ClipLine, list[PairLine]]:
    """Read what ``write_clip`` wrote; pictures are named from the folder above.

    Raises:
        DataError: it is not there, or damaged.
    """
    try:
        told = json.loads((folder / CLIP).read_text(encoding="utf-8"))
        pairs = [
            PairLine(each.pop("clip"), **{key: tuple(value) for key, value in each.items()}) for each in told["pairs"]
        ]
        named = [replace(pair, pictures=tuple(f"{folder.name}/{one}" for one in pair.pictures)) for pair in pairs]
        return ClipLine(**told["clip"]), named
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise DataError(f"{folder / CLIP} is not there, or damaged ({error}): remove its folder") from error


def pairs_table(pairs: Sequence[PairLine]) -> bytes:
    """Return the content of ``pairs.csv``."""
    return _csv([_PAIR_HEADER, *((pair.clip, *pair.frames, *pair.boxes, *pair.pictures) for pair in pairs)])


def parse_pairs(rows: Sequence[Sequence[str]], name: str) -> list[PairLine]:
    """Read the lines of ``pairs.csv``.

    Args:
        rows: of the table, see ``table_rows``.
        name: of the file, for messages.

    Raises:
        DataError: its columns are others, or a line does not have them.
    """
    found = []
    for number, row in _checked(rows, name, _PAIR_HEADER, len(_PAIR_HEADER)):
        try:
            frames, boxes = tuple(map(int, row[1:3])), tuple(map(int, row[3:11]))
        except ValueError as error:
            raise DataError(f"{name}, line {number}: wanted whole numbers of frames and pixels") from error
        found.append(PairLine(row[0], frames, boxes, tuple(row[11:])))
    return found


def clips_table(clips: Sequence[ClipLine]) -> bytes:
    """Return the content of ``clips.csv``."""
    reasons = sorted({reason for clip in clips for reason in clip.dropped})
    rows = [
        (clip.clip, clip.num_frames, clip.num_pairs, clip.problem, *(clip.dropped.get(each, 0) for each in reasons))
        for clip in clips
    ]
    return _csv([(*_CLIP_HEADER, *reasons), *rows])


def parse_clips(rows: Sequence[Sequence[str]], name: str) -> list[ClipLine]:
    """Read the lines of ``clips.csv``.

    Args:
        rows: of the table, see ``table_rows``.
        name: of the file, for messages.

    Raises:
        DataError: its columns are others, or a line does not have them.
    """
    first = tuple(rows[0]) if rows else ()
    found = []
    for number, row in _checked(rows, name, _CLIP_HEADER, len(first)):
        try:
            dropped = {reason: int(count) for reason, count in zip(first[4:], row[4:], strict=True)}
            found.append(ClipLine(row[0], int(row[1]), int(row[2]), row[3], dropped))
        except ValueError as error:
            raise DataError(f"{name}, line {number}: wanted whole numbers of frames, pairs and windows") from error
    return found


def _checked(
    rows: Sequence[Sequence[str]], name: str, header: tuple[str, ...], width: int
) -> list[tuple[int, Sequence[str]]]:
    """Return the lines below the first with their numbers.

    Raises:
        DataError: the first is another, or one has more or fewer cells.
    """
    wanted = ",".join(header)
    if not rows or tuple(rows[0][: len(header)]) != header:
        raise DataError(f"{name}: wanted a first line {wanted}; found {','.join(rows[0]) if rows else 'nothing'}")
    lines = [(number, row) for number, row in enumerate(rows[1:], start=2) if row]
    odd = next((number for number, row in lines if len(row) != width), None)
    if odd is not None:
        raise DataError(f"{name}, line {odd}: wanted {width} cells, as in the first line")
    return lines


def _csv(rows: Sequence[Sequence[object]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()
