"""Say what of a data set could not be used or was changed, before anything is done with it."""

import sys
from collections import Counter

import numpy as np

from lessup.methods import ImageEncoder, Method, Segmenter
from lessup.runs.files import is_first_process
from lessup.samples import Samples
from lessup.samples.images import Images

_KINDS = 4
"""Kinds of changes that are named; there are few but for lines of a table that name an image twice."""


def left_out(samples: Samples, data: str) -> str:
    """Return one sentence that counts what was left out and names the first of the commonest reason, or nothing.

    Args:
        samples: the data as it was read.
        data: its path or name.
    """
    skipped = [one for one in samples.damage if one.skipped]
    if not skipped:
        return ""
    commonest = Counter(one.reason for one in skipped).most_common(1)[0][0]
    name = next(one.name for one in skipped if one.reason == commonest)
    return f"{len(skipped)} of {data} left out, such as {name}: {commonest} (all of them: `lessup doctor {data}`)"


def changed(samples: Samples, data: str) -> str:
    """Return one sentence that counts each kind of change to images that are used; empty if there was none.

    Args:
        samples: the data as it was read.
        data: its path or name.
    """
    used = [one.reason for one in samples.damage if not one.skipped]
    if not used or not isinstance(samples, Images):
        return ""
    kinds = Counter(kind for reason in used for kind in reason.split("; ")).most_common()
    told = [f"{count} {kind}" for kind, count in kinds[:_KINDS]]
    told += [f"{len(kinds) - _KINDS} more kinds"] if len(kinds) > _KINDS else []
    return f"{len(used)} of {data} changed or doubtful, and used: {', '.join(told)} (names: `lessup doctor {data}`)"


def enlarged(samples: Samples, method: Method) -> str:
    """Return one sentence that counts the images smaller than what a method sees of one; empty if there are none.

    Args:
        samples: what is learnt from.
        method: as it was built.
    """
    if not isinstance(samples, Images) or not isinstance(method, ImageEncoder) or isinstance(method, Segmenter):
        return ""  # a segmenter sees images at their own size
    small = np.flatnonzero(samples.pixels.extent.min(1) < method.shortest_side)
    if not len(small):
        return ""
    height, width = samples.pixels.extent[small[0]]
    first = f"{samples.id[small[0]]} of {width}x{height}"
    return (
        f"{len(small)} of {len(samples)} training images are enlarged, such as {first}: this network wants "
        f"{method.shortest_side} pixels on the short side"
    )


def say_left_out(samples: Samples, data: str) -> None:
    """Write what was left out and what was changed to standard error, a line each, once for all processes of a run."""
    say(left_out(samples, data), changed(samples, data))


def say(*sentences: str) -> None:
    """Write those that are not empty to standard error, a line each, once for all processes of a run."""
    for sentence in filter(None, sentences):
        if is_first_process():
            print(sentence, file=sys.stderr)
