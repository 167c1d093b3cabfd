"""Learning from images, 3D shapes, video and sound with few labels or none.

The verbs of the command line, for notebooks and scripts; each is imported when it is first used, so that
``import lessup`` itself is instant.

>>> import lessup
>>> "train" in dir(lessup)
True
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lessup.verbs import (
        compare,
        discover_answers,
        discover_concepts,
        encode,
        evaluate,
        load,
        localize,
        neighbors,
        segment,
        segment_from_tags,
        settings,
        train,
    )

__all__ = [
    "compare",
    "discover_answers",
    "discover_concepts",
    "encode",
    "evaluate",
    "load",
    "localize",
    "neighbors",
    "segment",
    "segment_from_tags",
    "settings",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module 'lessup' has no attribute {name!r}")
    from lessup import verbs

    return getattr(verbs, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
