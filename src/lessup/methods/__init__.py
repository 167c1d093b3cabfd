"""Methods: one paper is one module, and the module's name is its public name.

A module has one concrete ``Method``, its frozen ``Config``, and functions ``paper`` and ``cpu`` that give a ``Recipe``.
What methods promise stands in ``kinds``.
"""

import inspect
from collections.abc import Callable

from lessup import discovery
from lessup.methods.kinds.classifier import Classifier
from lessup.methods.kinds.episodes import EpisodeConfig, EpisodeLearner
from lessup.methods.kinds.images import (
    FewShotLearner,
    ImageEncoder,
    ImageGenerator,
    Inpainter,
    Reconstructor,
    Segmenter,
)
from lessup.methods.kinds.method import Losses, Method, Recipe
from lessup.methods.kinds.semi_supervised import SemiSupervisedClassifier, SemiSupervisedConfig
from lessup.methods.kinds.shapes import ShapeAutoencoder

__all__ = [
    "Classifier",
    "EpisodeConfig",
    "EpisodeLearner",
    "FewShotLearner",
    "ImageEncoder",
    "ImageGenerator",
    "Inpainter",
    "Losses",
    "Method",
    "Recipe",
    "Reconstructor",
    "Segmenter",
    "SemiSupervisedClassifier",
    "SemiSupervisedConfig",
    "ShapeAutoencoder",
    "load",
    "recipes",
]


def load(name: str) -> type[Method]:
    """Return the method class behind a public name, such as ``vconv-dae``.

    Raises:
        UsageError: no method has this name.
    """
    return discovery.concrete("methods", name, Method)  # type: ignore[type-abstract]


def recipes(name: str) -> dict[str, Callable[[], Recipe]]:
    """Return a method's recipes by name: the functions of its module that return a ``Recipe``.

    Raises:
        UsageError: no method has this name.
    """
    functions = inspect.getmembers(discovery.module("methods", name), inspect.isfunction)
    return {key: function for key, function in functions if inspect.signature(function).return_annotation is Recipe}
