"""The run folder of a segmenter within the folder of all stages from tags to masks."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lessup.errors import RunError
from lessup.runs import Run, figures_file
from lessup.runs.files import read_json

RECORD = "segment.json"
"""What a folder is recognised by that masks from tags were made in; it says where their segmenter is."""

FIGURES = "figures/from-tags.npz"
"""Arrays from which the report draws the stages."""


@dataclass(frozen=True)
class FromTags:
    """The folder of all stages from tags to masks.

    Attributes:
        path: the folder.
        record: the content of ``segment.json``.
    """

    path: Path
    record: Mapping[str, Any]

    def figures(self) -> dict[str, np.ndarray]:
        """Read the arrays from which the report draws the stages; none where the folder is of an older version.

        Raises:
            RunError: the file is damaged.
        """
        return figures_file.read(self.path / FIGURES)


def around(run: Run) -> FromTags | None:
    """Return the folder of all stages if a run is that of the segmenter which they left.

    Raises:
        RunError: its record is damaged.
    """
    folder = run.path.parent.parent
    if not (folder / RECORD).is_file():
        return None
    record = read_json(folder / RECORD)
    if not isinstance(record, dict) or run.path != folder / str(record.get("segmenter")):
        return None
    return FromTags(folder, record)


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
