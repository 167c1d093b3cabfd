"""The run folder of a segmenter within the folder of all stages from tags to masks."""

from pathlib import Path

from lessup.errors import RunError
from lessup.runs import Run
from lessup.runs.files import read_json

RECORD = "segment.json"
"""What a folder is recognised by that masks from tags were made in; it says where their segmenter is."""


def opened(run: str | Path) -> Run:
    """Open a run folder, or that of the segmenter in what masks from tags left.

    Raises:
        RunError: it is no run, or holds no segmenter yet.
    """
    path = Path(run)
    if not (path / RECORD).is_file():
        return Run.open(path)
    record = read_json(path / RECORD)
    if not isinstance(record, dict) or "segmenter" not in record:
        raise RunError(f"{path} holds no segmenter yet: go on with `lessup segment --data ... --out {path}`")
    return Run.open(path / str(record["segmenter"]))
