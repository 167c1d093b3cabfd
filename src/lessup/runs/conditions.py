"""Under what scores were measured; they compare only if settings of the protocol, data and measured part are equal."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

NOT_KNOWN = "not known under what settings"
"""What is said of scores of an older version, which hold no settings."""


def are_known(scores: Mapping[str, Any]) -> bool:
    """Tell whether a scores file says under what it was measured; those of older versions name their data alone."""
    return isinstance(scores.get("settings"), Mapping) and "fingerprint" in scores and "part" in scores


def conditions(scores: Mapping[str, Any]) -> dict[str, Any]:
    """Return what must be equal for two scores to compare, by name.

    Args:
        scores: content of a scores file.

    Returns:
        Every setting of the protocol, ``data``, by the fingerprint of its content, and ``part``; of scores of an older
        version the path of the data alone.

    >>> conditions({"settings": {"k": 5}, "data": "photos", "fingerprint": "3fa9", "part": "fold 0 of 4"})
    {'k': 5, 'data': '3fa9', 'part': 'fold 0 of 4'}
    >>> conditions({"data": "photos/"})
    {'data': 'photos'}
    """
    if not are_known(scores):
        return {"data": str(scores.get("data", "")).rstrip("/")}
    return {**scores["settings"], "data": scores["fingerprint"], "part": scores["part"]}


def key(scores: Mapping[str, Any]) -> str:
    """Return eight hexadecimal digits that are equal where scores compare."""
    written = json.dumps([are_known(scores), conditions(scores)], sort_keys=True)
    return hashlib.blake2b(written.encode(), digest_size=4).hexdigest()


def differing(several: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the conditions in which some scores differ; those of an older version are passed over.

    >>> scores = {"settings": {"k": 5}, "data": "photos", "fingerprint": "3fa9", "part": "fold 0 of 4"}
    >>> differing([scores, {**scores, "settings": {"k": 1}, "part": "fold 1 of 4"}])
    ('k', 'part')
    """
    every = [conditions(scores) for scores in several if are_known(scores)]
    names = dict.fromkeys(name for each in every for name in each)
    return tuple(name for name in names if len({_written(each.get(name)) for each in every}) > 1)


def described(scores: Mapping[str, Any], names: Sequence[str] | None = None) -> str:
    """Say under what scores were measured, in plain text.

    Args:
        scores: content of a scores file.
        names: of the conditions that are said; all if None.

    >>> scores = {"settings": {"k": [1, 5]}, "data": "photos", "fingerprint": "3fa9", "part": "fold 0 of 4"}
    >>> described(scores)
    'k 1 5, data photos (content 3fa9), fold 0 of 4'
    >>> described({"data": "photos"})
    'not known under what settings, data photos'
    """
    if not are_known(scores):
        return f"{NOT_KNOWN}, data {scores.get('data', 'not known')}"
    every = conditions(scores)
    said = [_said(name, every[name], scores) for name in every if names is None or name in names]
    return ", ".join(said)


def _said(name: str, value: Any, scores: Mapping[str, Any]) -> str:
    if name == "data":
        return f"data {scores.get('data')} (content {str(value)[:8]})"
    if name == "part":
        return str(value)
    shown = (" ".join(map(str, value)) or "none named") if isinstance(value, list | tuple) else _plain(value)
    return f"{name.replace('_', ' ')} {shown}"


def _plain(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def _written(value: Any) -> str:
    return json.dumps(value, sort_keys=True)
