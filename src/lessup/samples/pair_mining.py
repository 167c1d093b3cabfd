"""Mine the videos of a source for pairs of patches, and keep them in a folder to look through.

Every video is mined by a process of its own, as many beside one another as there are cores. One that gives no sign of
life for a minute, or crashes, is ended and named, and the others go on. The folder of a clip is made under another name
and then moved into place: what a killed run has finished is not done again.
"""

import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import uuid
from collections import Counter
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from lessup.errors import DataError, MissingExtraError
from lessup.formats.file_tree import FileTree
from lessup.formats.pair_files import CLIPS, PAIRS, ClipLine, clips_table, pairs_table, read_clip, write_clip
from lessup.runs.files import write_whole
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.cache import rooms
from lessup.samples.image_decoding import DEFAULT_SIZE, Progress, in_threads

PATIENCE_S = 60.0
"""A video of which not ten more frames are decoded within so many seconds is given up."""

_VERSION = "pairs-4"
"""Part of every key; another number wherever the same file would give other pairs."""

_LETTERS = 60
"""Of a clip's name that the name of its folder has."""


def mined(tree: FileTree, names: Sequence[str], reading: Reading, *, files: Sequence[str] = ()) -> Path:
    """Mine videos, or go on where an earlier call was killed, or find what one finished.

    Args:
        tree: the folder or archive.
        names: N >= 1 videos in it, or folders of frames.
        reading: ``size`` and ``max_megapixels``.
        files: all that these are made of; the videos themselves if empty.

    Returns:
        The folder, see ``pair_files``.

    Raises:
        DataError: there is nowhere to write.
        MissingExtraError: the extra ``video`` is not installed.
    """
    if find_spec("av") is None or find_spec("cv2") is None:
        raise MissingExtraError("videos are mined with PyAV and OpenCV: pip install 'lessup[video]'")
    size = reading.size or DEFAULT_SIZE
    key = fingerprint(_VERSION, str(size), str(reading.max_megapixels), tree.stamp(files or names), "\0".join(names))
    place = _made(tree.path, f"pairs-{key[:16]}")
    if (place / PAIRS).is_file():
        return place
    folders = [place / f"{number:06d}-{_plain(name)}" for number, name in enumerate(names)]
    missing = [(name, folder) for name, folder in zip(names, folders, strict=True) if not folder.is_dir()]
    how = (str(size), str(reading.max_megapixels))
    with Progress("mining videos", len(missing)) as progress:
        for _ in in_threads(lambda one: _mine(tree.path, *one, how), missing, at_a_time=1):
            progress.advance()
    clips = [read_clip(folder) for folder in folders]
    write_whole(place / CLIPS, clips_table([line for line, _ in clips]))
    write_whole(place / PAIRS, pairs_table([pair for _, pairs in clips for pair in pairs]))
    return place


def summary(clips: Sequence[ClipLine]) -> str:
    """Return a sentence on how many pairs there are, and how many windows were dropped why.

    >>> summary([ClipLine("a.mp4", 90, 2, "", {"the tracker loses the patch": 1})])
    '2 pairs from 1 of 1 clips; 1 windows dropped: 1 the tracker loses the patch'
    """
    dropped: Counter[str] = Counter()
    for clip in clips:
        dropped.update(clip.dropped)
    pairs, used = sum(clip.num_pairs for clip in clips), sum(clip.num_pairs > 0 for clip in clips)
    why = f": {told_of(dropped)}" if dropped.total() else ""
    return f"{pairs} pairs from {used} of {len(clips)} clips; {dropped.total()} windows dropped{why}"


def told_of(dropped: Counter[str]) -> str:
    """Return the reasons for which windows were dropped, the commonest first."""
    return ", ".join(f"{count} {reason}" for reason, count in dropped.most_common() if count)


def _made(source: Path, name: str) -> Path:
    """Make the folder of a name in the first place where that can be done.

    Raises:
        DataError: there is none.
    """
    problem = OSError()
    for room in rooms(source):
        try:
            (room / name).mkdir(parents=True, exist_ok=True)
            return room / name
        except OSError as error:
            problem = error
    raise DataError(f"{source}: nowhere to keep its pairs ({problem.strerror}): make room in {rooms(source)[0]}")


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[-_LETTERS:]


def _mine(source: Path, name: str, folder: Path, how: tuple[str, str]) -> None:
    """Mine one video in a process of its own, and write down what became of it."""
    unfinished = folder.with_name(f".{uuid.uuid4().hex}.part")
    unfinished.mkdir()
    try:
        problem = _ended([sys.executable, "-m", "lessup.mining.worker", str(source), name, str(unfinished), *how])
        if problem:
            write_clip(unfinished, ClipLine(name, problem=problem))
        if not folder.is_dir():
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)


def _ended(command: Sequence[str]) -> str:
    """Wait for a process while it gives signs of life, and return what was wrong with it; empty if nothing was.

    Raises:
        KeyboardInterrupt: it was interrupted, as all of a run are.
    """
    hung = threading.Event()
    with (
        tempfile.TemporaryFile() as said,  # not a pipe, which fills up where a decoder complains at length
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=said) as process,
    ):

        def end() -> None:
            hung.set()
            process.kill()

        assert process.stdout is not None
        alive = True
        while alive:
            watch = threading.Timer(PATIENCE_S, end)
            watch.start()
            alive = bool(process.stdout.readline())
            watch.cancel()
        said.seek(0)
        error = said.read().decode(errors="replace").strip().splitlines()
    if hung.is_set():
        return f"decoding hangs: nothing came for {PATIENCE_S:.0f} s"
    if process.returncode in (-signal.SIGINT, -signal.SIGTERM):
        raise KeyboardInterrupt
    if process.returncode < 0:
        return f"decoding crashes ({signal.Signals(-process.returncode).name})"
    return f"decoding crashes ({error[-1] if error else 'without a word'})" if process.returncode else ""
