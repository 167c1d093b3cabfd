"""`lessup shard DATA --out DIR`: a collection of many files as a few tar archives."""

from pathlib import Path
from typing import Any

from lessup.errors import DataError, RunError, UsageError
from lessup.formats.file_tree import is_sharded, is_tree, open_tree
from lessup.formats.shards import planned, write_shard

MEGA = 1_000_000


def shard(data: str | Path, out: str | Path, *, megabytes: float = 1000.0) -> dict[str, Any]:
    """Write all files of a folder or archive into numbered tar archives, which every command reads in its place.

    A run that was stopped is gone on with by the same command: archives that are there and hold what they should stay.

    Args:
        data: folder or archive.
        out: folder to write ``shard-000000.tar`` and so on to.
        megabytes: of an archive, about.

    Returns:
        ``files``, ``shards`` and how many of these were ``written``.

    Raises:
        DataError: there is no such folder, it has no files, or one cannot be read.
        UsageError: archives of no size.
        RunError: ``out`` holds something else, or cannot be written.
    """
    data, out = Path(data), Path(out)
    if not megabytes > 0:
        raise UsageError(f"--megabytes {megabytes:g}: wanted above 0")
    if not is_tree(data):
        raise DataError(f"no files at {data}: give a folder, zip or tar")
    if out.is_dir() and any(out.iterdir()) and not is_sharded(out):
        raise RunError(f"{out} holds something else already: pass another --out")
    if data.is_dir() and out.resolve().is_relative_to(data.resolve()):
        raise UsageError(f"{out} lies in {data}, which would be packed into itself: pass another --out")
    tree = open_tree(data)
    plan = planned(tree, round(megabytes * MEGA))
    if not plan:
        raise DataError(f"no files in {data}")
    strange = sorted({path.name for path in out.glob("*.tar")} - {each.name for each in plan})
    if strange:
        raise RunError(f"{out} holds {strange[0]}, which is none of the {len(plan)} archives: pass another --out")
    written = sum(write_shard(tree, each, out) for each in plan)
    return {"files": sum(len(each.files) for each in plan), "shards": len(plan), "written": written}
