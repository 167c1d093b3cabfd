"""Decode many image files in parallel threads, in order, with memory that does not grow with their number."""

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats import image_file
from lessup.formats.file_tree import FileTree
from lessup.formats.image_file import Decoded
from lessup.runs.files import is_first_process
from lessup.samples import Reading
from lessup.samples.assembly import fingerprint

DEFAULT_SIZE = 256
"""Short side of decoded images where ``Reading.size`` is 0."""

_CHUNK = 16
"""Files that a thread takes at a time: handing over small ones one by one would cost more than decoding them."""

_BETWEEN_LINES_S = 10.0
"""Seconds between two lines of progress where standard error is not a terminal."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class Drawing:
    """A mask that is drawn from annotations, not read from a file.

    Attributes:
        key: hexadecimal digits that stand for what is drawn, see ``fingerprint``.
        draw: returns the (H, W) uint8 mask of an image of this height and width, as shown before it was reduced.
    """

    key: str
    draw: Callable[[int, int], NDArray[np.uint8]]


@dataclass(frozen=True)
class ImageFile:
    """One image to decode.

    Attributes:
        name: the file within its tree.
        mask: its mask: a file within the tree, or what draws it; empty if it has none.
    """

    name: str
    mask: str | Drawing = ""


@dataclass(frozen=True, eq=False)
class Outcome:
    """What became of one file.

    Attributes:
        key: stands for the content of the file and its mask.
        image: the image, None if it cannot be used.
        mask: (H, W) uint8 of the image's extent, None if it has none.
        reason: why it cannot be used, or what was changed; empty where there is nothing to say.
    """

    key: str
    image: Decoded | None
    mask: NDArray[np.uint8] | None
    reason: str


def decode_all(tree: FileTree, files: Sequence[ImageFile], reading: Reading) -> Iterator[Outcome]:
    """Yield what became of every file, in order, while others are decoded ahead.

    A file that cannot be used gives a reason; any other error ends the work and is raised here.
    """
    with image_file.decoding(), Progress("decoding images", len(files)) as progress:
        for outcome in in_threads(lambda file: _decode(tree, file, reading), files):
            yield outcome
            progress.advance()


def decode_file(path: Path, reading: Reading) -> Decoded:
    """Decode one image that belongs to no set, as those of a set are.

    Args:
        path: the file.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: it is not there, or cannot be used.
    """
    try:
        with image_file.decoding():
            return _image(path.read_bytes(), reading)
    except OSError as error:
        raise DataError(f"{path}: {error.strerror or error}") from error
    except DataError as error:
        raise DataError(f"{path}: {error}") from error


def content_keys(tree: FileTree, files: Sequence[ImageFile]) -> Iterator[str]:
    """Yield what ``Outcome.key`` would be of every file, without decoding it."""
    with Progress("comparing images", len(files)) as progress:
        for key in in_threads(lambda file: _content_key(_read(tree, file.name), _mask_content(tree, file)), files):
            yield key
            progress.advance()


def in_threads(work: Callable[[T], R], items: Sequence[T], *, at_a_time: int = _CHUNK) -> Iterator[R]:
    """Yield the results of ``work`` in order, from as many threads as there are cores; few are waiting at any time.

    Args:
        work: what is done with an item.
        items: what is handed to it.
        at_a_time: items that a thread takes at once; 1 where each takes long.
    """
    threads = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    waiting: deque[Future[list[R]]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for start in range(0, len(items), at_a_time):
                chunk = items[start : start + at_a_time]
                waiting.append(pool.submit(lambda chunk: [work(item) for item in chunk], chunk))
                if len(waiting) > 2 * threads:
                    yield from waiting.popleft().result()
            while waiting:
                yield from waiting.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)


class Progress:
    """A bar in a terminal, a line now and then elsewhere, on standard error; silent for what is done at once."""

    def __init__(self, title: str, total: int) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self._title, self._total, self._done = title, total, 0
        self._last = time.monotonic()
        columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        shown = sys.stderr.isatty() and is_first_process()
        self._bar = Bar(*columns, console=Console(stderr=True), transient=True) if shown else None

    def __enter__(self) -> "Progress":
        if self._bar:
            self._bar.start()
            self._bar.add_task("", total=self._total)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def advance(self) -> None:
        """Count one more as done."""
        self._done += 1
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=self._done)
        elif is_first_process() and time.monotonic() - self._last > _BETWEEN_LINES_S:
            self._last = time.monotonic()
            print(f"{self._title}: {self._done}/{self._total}", file=sys.stderr, flush=True)


def _decode(tree: FileTree, file: ImageFile, reading: Reading) -> Outcome:
    content = _read(tree, file.name)
    mask_content = _mask_content(tree, file)
    key = _content_key(content, mask_content)
    try:
        if isinstance(content, DataError):
            raise content
        image = _image(content, reading)
        return Outcome(key, image, _mask(file, mask_content, image, reading), "; ".join(image.notes))
    except DataError as error:
        return Outcome(key, None, None, str(error))


def _image(content: bytes, reading: Reading) -> Decoded:
    image = image_file.decode(content, size=reading.size or DEFAULT_SIZE, max_megapixels=reading.max_megapixels)
    if reading.colour == "auto":
        return image
    wanted = 1 if reading.colour == "grey" else 3
    return replace(image, pixels=image_file.with_channels(image.pixels, wanted))


def _mask(file: ImageFile, content: bytes | DataError, image: Decoded, reading: Reading) -> NDArray[np.uint8] | None:
    if not file.mask:
        return None
    if isinstance(file.mask, Drawing):
        mask = file.mask.draw(*image.original)
    elif isinstance(content, DataError):
        raise DataError(f"mask {file.mask}: {content}")
    else:
        try:
            mask = image_file.decode_mask(content, max_megapixels=reading.max_megapixels)
        except DataError as error:
            raise DataError(f"mask {file.mask}: {error}") from error
    if mask.shape != image.original:
        sizes = [f"{width}x{height}" for height, width in (mask.shape, image.original)]
        raise DataError(f"mask of {sizes[0]} pixels for an image of {sizes[1]}")
    return image_file.reduced_mask(mask, (image.pixels.shape[0], image.pixels.shape[1]))


def _read(tree: FileTree, name: str) -> bytes | DataError:
    try:
        return tree.read(name)
    except DataError as error:
        return error


def _mask_content(tree: FileTree, file: ImageFile) -> bytes | DataError:
    if isinstance(file.mask, Drawing):
        return file.mask.key.encode()
    return _read(tree, file.mask) if file.mask else b""


def _content_key(*contents: bytes | DataError) -> str:
    return fingerprint(*(str(content) if isinstance(content, DataError) else content for content in contents))
