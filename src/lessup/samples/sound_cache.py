"""Decode the sounds of a source once, into a memory-mapped file that later runs open at once, see ``folder_cache``.

Files are decoded block by block, one after the other: a recording of hours takes no more memory than one of seconds.
Long ones are cut into equal pieces.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import npz, sound_file
from lessup.formats.file_tree import FileTree
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.folder_cache import FolderCache, content_key, unread_stamp
from lessup.samples.image_decoding import Progress
from lessup.samples.sounds import Waves
from lessup.transforms.sound_textures import RATE

DEFAULT_SECONDS = 10.0
"""Longest piece where ``Reading.seconds`` is 0, as the clips of AudioSet and VGGSound."""

SHORTEST_S = 0.05
"""Shorter sounds have no statistics."""

SILENT = 2.0**-14
"""Peak below which a sound is silent: two steps of 16 bits, 84 dB below the full range."""

_WHOLE = 1000
"""Pieces are so many samples long, or a multiple: of such lengths spectra are quickly had."""

_VERSION = "sounds-1"
"""Part of every key; another number wherever the same file would give other samples."""

_SAMPLES, _INDEX = "samples", "index.npz"

_KEYS = ("reason", "rate", "channels", "source", "piece", "start", "length")


@dataclass(frozen=True, eq=False)
class SoundDecodings:
    """What became of M files, N pieces in all.

    Attributes:
        key: stands for the content of the files and how they were read.
        reason: (M,) why a file gave no piece, or what is odd about it; empty where there is nothing to say.
        rate: (M,) int64, samples a second as stored; 0 where it could not be opened.
        channels: (M,) int64 as stored.
        source: (N,) int64, of which file each piece is.
        piece: (N,) int64, its number in that file; -1 where it is the whole.
        waves: the N pieces.
    """

    key: str
    reason: NDArray[np.str_]
    rate: NDArray[np.int64]
    channels: NDArray[np.int64]
    source: NDArray[np.int64]
    piece: NDArray[np.int64]
    waves: Waves


@dataclass
class _Index:
    """What is written beside the samples, per file and per piece."""

    reason: list[str] = field(default_factory=list)
    rate: list[int] = field(default_factory=list)
    channels: list[int] = field(default_factory=list)
    source: list[int] = field(default_factory=list)
    piece: list[int] = field(default_factory=list)
    start: list[int] = field(default_factory=list)
    length: list[int] = field(default_factory=list)


def sound_decodings(tree: FileTree, names: Sequence[str], reading: Reading) -> SoundDecodings:
    """Decode files, or open what an earlier call made of the same files.

    A broken file never stops the others.

    Args:
        tree: the folder or archive.
        names: M >= 1 sound files in it.
        reading: ``seconds``.

    Raises:
        DataError: none of the files can be used, or there is nowhere to write.
        MissingExtraError: the extra ``sound`` is not installed.
    """
    settings = fingerprint(_VERSION, str(reading.seconds or DEFAULT_SECONDS))
    return FolderCache(
        source=tree.path,
        noun="sounds",
        settings=settings,
        count=len(names),
        suffix=".sounds",
        stamp=unread_stamp(tree, names, settings),
        keys=lambda: (content_key(tree, name) for name in names),
        write=lambda folder: _write(folder, tree, names, reading),
        open=_open,
    ).found_or_made()


def _write(folder: Path, tree: FileTree, names: Sequence[str], reading: Reading) -> list[str]:
    index = _Index()
    keys = []
    with (folder / _SAMPLES).open("w+b") as out, Progress("decoding sounds", len(names)) as progress:
        for number, name in enumerate(names):
            keys.append(content_key(tree, name))
            _decode(tree, name, number, out, index, reading.seconds or DEFAULT_SECONDS)
            progress.advance()
    if not index.source:
        raise DataError(
            f"none of the {len(names)} sounds in {tree.path} can be used, such as {names[0]}: {index.reason[0]}"
        )
    np.savez(folder / _INDEX, allow_pickle=False, **{key: np.array(getattr(index, key)) for key in _KEYS})
    return keys


def _decode(tree: FileTree, name: str, number: int, out: IO[bytes], index: _Index, most_s: float) -> None:
    """Append the samples of one file, and what there is to say of it; what cannot be used leaves nothing behind."""
    begin = out.tell()
    index.rate.append(0)
    index.channels.append(0)
    try:
        with tree.open(name) as file, sound_file.opened(file) as recording:
            index.rate[-1], index.channels[-1] = recording.rate, recording.channels
            pieces, note = _pieces(recording.blocks(RATE), out, most_s)
            notes = [*recording.notes, *([note] if note else [])]
    except (DataError, OSError) as error:
        out.seek(begin)
        out.truncate()
        index.reason.append(str(error))
        return
    index.reason.append("; ".join(notes))
    for piece, start, length in pieces:
        index.source.append(number)
        index.piece.append(piece)
        index.start.append(begin // 4 + start)
        index.length.append(length)


def _pieces(
    blocks: Iterator[NDArray[np.float32]], out: IO[bytes], most_s: float
) -> tuple[list[tuple[int, int, int]], str]:
    """Write the samples of one recording and cut it.

    Returns:
        Number, start and length of the pieces that are not silent; the number is -1 of a whole recording. And a note.

    Raises:
        DataError: it is too short, or silent.
    """
    begin = out.tell()
    for block in blocks:
        out.write(np.ascontiguousarray(block).data)
    out.flush()
    num = (out.tell() - begin) // 4
    if num < SHORTEST_S * RATE:
        raise DataError(f"{num / RATE:.3f} s long: wanted {SHORTEST_S} s or more")
    count = -(-num // round(most_s * RATE))
    length = num // count // _WHOLE * _WHOLE if count > 1 else num
    wave = np.memmap(out, np.float32, "r", offset=begin, shape=(num,))
    heard = [piece for piece in range(count) if _peak(wave[piece * length : (piece + 1) * length]) >= SILENT]
    if not heard:
        raise DataError("silent")
    note = f"{count - len(heard)} of {count} pieces are silent and left out" if len(heard) < count else ""
    return [(piece if count > 1 else -1, piece * length, length) for piece in heard], note


def _peak(wave: NDArray[np.float32]) -> float:
    return max(float(wave.max()), -float(wave.min()))


def _open(folder: Path) -> SoundDecodings:
    """Map what ``_write`` wrote.

    Raises:
        DataError: it is not there, or damaged.
    """
    index = {key: npz.read(folder / _INDEX, key) for key in _KEYS}
    with npz.named_errors(folder / _SAMPLES):
        flat = np.memmap(folder / _SAMPLES, np.float32, mode="r")
    if (index["start"] + index["length"]).max() > len(flat):
        raise DataError(f"{folder / _SAMPLES}: {len(flat)} samples; wanted more")
    return SoundDecodings(
        key=folder.stem,
        **{key: index[key] for key in ("reason", "rate", "channels", "source", "piece")},
        waves=Waves(flat, index["start"], index["length"]),
    )
