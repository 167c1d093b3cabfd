"""What is to be said of tags before anything is learnt from them."""

import difflib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ALIKE = 0.85
"""Likeness of two names, of 1, from which on one may be the other misspelt; ``shirt`` and ``skirt`` have 0.8."""

RARER = 5
"""Times as many images have a name as have what may be its misspelling, at least."""


def tag_remarks(classes: Sequence[str], tags: NDArray[np.integer]) -> list[str]:
    """Return sentences on classes that tags cannot teach, cannot tell apart, or may have misspelt.

    Args:
        classes: (K,) names.
        tags: (N, K) 1 where a class is in the image.

    >>> tag_remarks(["bag", "hat", "rail"], np.array([[1, 0, 1], [1, 0, 0]]))
    ['no image has hat: nothing can be learnt of it', 'every image has bag: nothing can be learnt of it']
    """
    there = (tags == 1).astype(np.int64)
    count, together = there.sum(0), there.T @ there
    remarks = []
    for what, found in {"no image has": count == 0, "every image has": count == len(tags)}.items():
        remarks += [
            f"{what} {classes[number]}: nothing can be learnt of it" for number in np.flatnonzero(found).tolist()
        ]
    for own in np.flatnonzero((count > 1) & (count < len(tags))).tolist():
        others = (together[own] == count[own]) & (count < len(tags))
        others[own] = False
        if others.any():
            other = int(np.where(others, count, -1).argmax())
            remarks.append(f"every image with {classes[own]} has {classes[other]} too: tags do not tell them apart")
    names = [name.casefold() for name in classes]
    for own in np.flatnonzero(count > 0).tolist():
        near = difflib.get_close_matches(names[own], [*names[:own], *names[own + 1 :]], n=1, cutoff=ALIKE)
        other = next((place for place, name in enumerate(names) if place != own and name in near), own)
        if count[other] >= RARER * count[own]:
            told = f"{count[own]} of {len(tags)} images" if count[own] > 1 else "one image"
            remarks.append(f"{told} with {classes[own]!r}: is {classes[other]!r} meant, as in {count[other]} others?")
    return remarks
