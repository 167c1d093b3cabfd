"""scores/PROTOCOL.json, what was measured last, and PROTOCOL.KEY.json, what was measured before in other ways."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lessup.errors import RunError
from lessup.runs import conditions
from lessup.runs.files import read_json


def make_way(scores: Path, figures: Path, fresh: Mapping[str, Any]) -> None:
    """Move scores and figures aside that others take the place of, unless those were measured in the same way.

    What lies aside under the conditions of the new scores is removed: it is out of date.

    Args:
        scores: scores/PROTOCOL.json.
        figures: figures/PROTOCOL.npz.
        fresh: content of the scores to come.

    Raises:
        RunError: a file cannot be moved.
    """
    now = conditions.key(fresh)
    try:
        before = conditions.key(_read(scores)) if scores.is_file() else now
    except RunError:
        before = now  # a damaged file holds nothing to keep
    try:
        for file in (figures, scores):  # a file of scores without its figures can still be read
            if before != now and file.is_file():
                file.replace(aside(file, before))
            aside(file, now).unlink(missing_ok=True)
    except OSError as error:
        raise RunError(f"cannot keep the earlier scores of {scores}: {error.strerror or error}") from error


def read_all(folder: Path) -> dict[str, list[dict[str, Any]]]:
    """Read every scores file, by protocol: what was measured last stands first.

    Raises:
        RunError: a file is damaged.
    """
    found: dict[str, list[dict[str, Any]]] = {}
    for file in sorted(folder.glob("*.json"), key=lambda file: (file.stem.partition(".")[0], file.stem)):
        found.setdefault(file.stem.partition(".")[0], []).append(_read(file))
    return found


def aside(file: Path, key: str) -> Path:
    """Return where a file of scores or figures is kept when others take its place.

    >>> aside(Path("scores/knn.json"), "1a2b3c4d").as_posix()
    'scores/knn.1a2b3c4d.json'
    """
    return file.with_name(f"{file.stem}.{key}{file.suffix}")


def _read(file: Path) -> dict[str, Any]:
    scores = read_json(file)
    if not isinstance(scores, dict):
        raise RunError(f"{file} is damaged: wanted an object; delete it and evaluate again")
    return scores
