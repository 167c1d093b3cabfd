"""One function a command: what the command line and a notebook call.

Each takes paths and settings, works on run folders, and returns what the command prints.
"""

import json
from dataclasses import asdict
from typing import Any

from lessup.experiments import Settings, settings
from lessup.verbs.advice import advise
from lessup.verbs.answers import discover_answers
from lessup.verbs.comparison import compare
from lessup.verbs.concepts import discover_concepts
from lessup.verbs.labelling import label
from lessup.verbs.localization import localize
from lessup.verbs.masks_from_tags import segment_from_tags
from lessup.verbs.measurement import evaluate
from lessup.verbs.naming import label_by_names
from lessup.verbs.nearest_samples import neighbors
from lessup.verbs.next_protocol import next_protocol
from lessup.verbs.segmentation import segment
from lessup.verbs.sharding import shard
from lessup.verbs.trained import encode, load, shape_autoencoder
from lessup.verbs.training import train

__all__ = [
    "Settings",
    "advise",
    "compare",
    "discover_answers",
    "discover_concepts",
    "dumps",
    "encode",
    "evaluate",
    "label",
    "label_by_names",
    "load",
    "localize",
    "neighbors",
    "next_protocol",
    "segment",
    "segment_from_tags",
    "settings",
    "shape_autoencoder",
    "shard",
    "train",
]


def dumps(value: Any) -> str:
    """Write one JSON object with stable key order, dataclasses included."""
    return json.dumps(value, indent=2, default=asdict)
