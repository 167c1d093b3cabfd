"""Sources of samples, one kind a module; ``load`` finds the one that fits a path.

Each module offers ``wanted`` (what it reads, in a few words), ``general`` (whether it takes any folder of files of some
kind, rather than one layout), ``recognises(path)`` (cheap: names and first bytes only) and ``load(path, reading)``.
Sources of one layout are asked before general ones.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from posixpath import splitext
from typing import Protocol, cast

from lessup import discovery
from lessup.errors import DataError, UsageError
from lessup.formats.file_tree import is_tree, open_tree
from lessup.samples import Reading, Samples
from lessup.samples.box_foreground import box_foreground
from lessup.samples.clip_frames import as_read
from lessup.samples.images import Images


class Source(Protocol):
    """The functions that every module of this folder offers."""

    wanted: str
    general: bool

    def recognises(self, path: Path) -> bool:
        """Tell from names and first bytes alone whether ``load`` is worth calling."""

    def load(self, path: Path, reading: Reading) -> Samples:
        """Load the samples at ``path``."""


def sources() -> dict[str, Source]:
    """Import every source, by public name."""
    return {name: cast(Source, discovery.module("data", name)) for name in discovery.names("data")}


def load(path: str | Path, reading: Reading | None = None, *, reads: Sequence[str] = ()) -> Samples:
    """Load whatever is at a path with the source that recognises it.

    Args:
        path: a file or folder, or the name of an embedded data set such as ``furniture``.
        reading: how to read it; ``masks`` of boxes are made of what the source gives.
        reads: keys that a method reads; of clips, one that reads images is given frames, see ``as_read``, and one
            that reads pairs the patches that are mined of them, see ``tracked_pairs``.

    Raises:
        UsageError: ``without`` names a class that is not there.
        DataError: nothing is there, or no source recognises it; the message says what was found and what was wanted.
            Or there are no boxes to make masks of.
    """
    from lessup.data import tracked_pairs

    path = tracked_pairs.where(Path(path), reads)
    name = source_of(path)
    candidates = sources()
    if name:
        return as_read(_as_asked(candidates[name].load(path, reading or Reading()), path, reading or Reading()), reads)
    if not path.exists():
        raise DataError(f"nothing at {path}: give a file, a folder or an embedded data set (see `lessup list data`)")
    wanted = "; ".join(source.wanted for source in candidates.values())
    raise DataError(f"no usable data at {path}: found {_contents(path)}; wanted {wanted} (see `lessup doctor {path}`)")


def _as_asked(samples: Samples, path: Path, reading: Reading) -> Samples:
    if reading.masks == "own" and not reading.without:
        return samples
    if reading.masks == "own" or not isinstance(samples, Images):
        raise UsageError("classes are left out, and masks are made, of images with boxes: pass --masks boxes")
    return box_foreground(samples, path, without=reading.without)


def source_of(path: Path) -> str | None:
    """Return the public name of the source that reads a path; None if none does."""
    candidates = sources()
    order = sorted(candidates, key=lambda name: candidates[name].general)
    return next((name for name in order if candidates[name].recognises(path)), None)


def _contents(path: Path) -> str:
    if not is_tree(path):
        return f"one {path.suffix or 'unnamed'} file"
    counts = Counter(splitext(name)[1].lower() or "no suffix" for name in open_tree(path).names())
    kind = "folder" if path.is_dir() else "archive"
    return ", ".join(f"{count} {suffix}" for suffix, count in counts.most_common(4)) or f"an empty {kind}"
