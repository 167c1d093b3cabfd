"""From the name of a class to the vector of a word: several words, synonyms, and what is not in the vocabulary."""

import difflib
import re
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.formats.word_vectors import WordVectors

_SYNONYM = re.compile(r"[,;|/]")
"""Parts the names of one class, as WordNet's: "tench, Tinca tinca"."""

_BETWEEN = re.compile(r"[\s_\-.']+")
"""Parts the words of a name."""

_JOINTS = ("_", "-", "")
"""How several words may stand as one in a vocabulary: ice_cream, ice-cream, icecream."""


def class_vectors(names: Sequence[str], vectors: WordVectors) -> dict[str, NDArray[np.float32]]:
    """Find a vector for the name of every class.

    It is the mean over its synonyms that the vocabulary has, each scaled to length 1: one word may mean several things,
    which its synonyms do not. A synonym counts as one word, joined by an underscore, a hyphen or nothing; or else word
    by word, of which the mean is taken. Upper and lower case count where the vocabulary has both.

    Args:
        names: of classes; synonyms are parted by commas, semicolons, bars or slashes.
        vectors: of words.

    Returns:
        (D,) by name.

    Raises:
        DataError: no synonym of some names is in the vocabulary; the nearest words are said.
    """
    found: dict[str, NDArray[np.float32]] = {}
    missing: list[str] = []
    for name in names:
        if known := _vectors(name, vectors):
            found[name] = np.mean([one / (np.linalg.norm(one) or 1) for one in known], axis=0, dtype=np.float32)
        else:
            missing.append(name)
    if missing:
        raise DataError(
            f"{len(missing)} of {len(names)} names are not among the {len(vectors.words)} words: "
            f"{'; '.join(_said(name, vectors) for name in missing[:5])}{' ...' if len(missing) > 5 else ''} "
            "(a synonym may follow after a comma)"
        )
    return found


def named(name: str, vectors: WordVectors) -> bool:
    """Tell whether ``class_vectors`` finds a vector for a name."""
    return bool(_vectors(name, vectors))


def first_name(name: str) -> str:
    """Return a name without its synonyms.

    >>> first_name("tench, Tinca tinca")
    'tench'
    """
    return _SYNONYM.split(name)[0].strip()


def _vectors(name: str, vectors: WordVectors) -> list[NDArray[np.float32]]:
    """Return the vectors of all synonyms that have one."""
    synonyms = [part.strip() for part in _SYNONYM.split(name) if part.strip()]
    return [one for synonym in synonyms if (one := _vector(synonym, vectors)) is not None]


def _vector(name: str, vectors: WordVectors) -> NDArray[np.float32] | None:
    """Return the vector of one name, or None."""
    words = [word for word in _BETWEEN.split(name) if word]
    whole = _place((joint.join(words) for joint in _JOINTS), vectors)
    places = [whole] if whole is not None else [_place([word], vectors) for word in words]
    known = [place for place in places if place is not None]
    if not known or len(known) < len(places):
        return None
    mean: NDArray[np.float32] = vectors.vectors[known].mean(0)
    return mean


def _place(spellings: Iterable[str], vectors: WordVectors) -> int | None:
    """Return the place of the first spelling that is a word, as it is or in lower case."""
    cased = (case for spelling in spellings for case in (spelling, spelling.lower()))
    return next((vectors.place[case] for case in cased if case in vectors.place), None)


def _said(name: str, vectors: WordVectors) -> str:
    """Return a name and the words nearest to those of its words that are missing."""
    first = _SYNONYM.split(name)[0]
    lost = [word for word in _BETWEEN.split(first) if word and _place([word], vectors) is None]
    same = [word for word in vectors.words if lost and word[:1] == lost[0][:1].lower()]
    near = difflib.get_close_matches(lost[0].lower(), same, n=3) if lost else []
    return f"{name!r} ({lost[0] if lost else first}: {'near ' + ', '.join(near) if near else 'nothing near'})"
