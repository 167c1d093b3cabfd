"""Frames of clips whose colour tells the kind of their sound, without any file."""

import numpy as np

from lessup.samples import Reading
from lessup.samples.clips import Clips
from lessup.samples.images import Images, Ragged
from lessup.samples.moments import Moments


def frames(count=40, *, a_clip=4, kinds=3, seed=0, classes=()) -> Images:
    """Frames of one colour a kind of sound, ``a_clip`` of each clip; the kind is the label where there are classes."""
    random = np.random.default_rng(seed)
    clip = (np.arange(count) // a_clip).astype(np.int64)
    kind = clip % kinds
    patterns = np.random.default_rng(99).normal(size=(kinds, 502))
    texture = (patterns[kind] + random.normal(0, 0.1, (count, 502))).astype(np.float32)
    pixels = np.zeros((count, 32, 32, 3), np.uint8) + (80 * np.eye(3)[kind % 3] + 60)[:, None, None].astype(np.uint8)
    nothing = np.array([""] * count)
    label = kind if classes else np.full(count, -1)
    clips = Clips(
        source=None,
        clips=(),
        reading=Reading(),
        id=nothing,
        label=label,
        classes=classes,
        group=clip,
        official=nothing,
        fingerprint="",
    )
    return Images(
        pixels=Ragged.of(list(pixels)),
        id=np.array([f"{number}" for number in range(count)]),
        label=label,
        classes=classes,
        group=clip,
        official=nothing,
        fingerprint="frames",
        moments=Moments(clips, clip, np.zeros(count), texture),
    )
