"""What a run is before it runs: its settings, how they are written down, and whether a run may go on with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from lessup import methods
from lessup.errors import UsageError
from lessup.runs import Training
from lessup.samples import Reading
from lessup.samples.given_labels import GivenLabels
from lessup.samples.splits import Folds
from lessup.training import parse


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Everything that repeats a run: method, its config, training and data.

    Attributes:
        method: public name.
        config: the method's own frozen config.
        training: how it is trained.
        data: path or name of the data.
        reading: how the data is read.
        folds: which part of the data is held out for testing.
        given: which labels are learnt from.
    """

    method: str
    config: Any
    training: Training
    data: str
    reading: Reading
    folds: Folds
    given: GivenLabels = field(default_factory=GivenLabels)

    @classmethod
    def of(cls, run_config: Mapping[str, Any]) -> "Settings":
        """Read the settings back from the content of a config.json.

        Raises:
            RunError: a setting does not exist or has another type.
            UsageError: the method does not exist.
        """
        method, data = run_config["method"], run_config["data"]
        return cls(
            method=method,
            config=parse(methods.load(method).Config, run_config["config"]),
            training=parse(Training, run_config["training"]),
            data=data["path"],
            reading=parse(Reading, data["reading"]),
            folds=parse(Folds, data["folds"]),
            given=parse(GivenLabels, data.get("given", {})),
        )


def settings(
    method: str,
    data: str,
    *,
    recipe: str = "cpu",
    config: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    reading: Reading | None = None,
    folds: Folds | None = None,
    given: GivenLabels | None = None,
) -> Settings:
    """Fill in a run's settings from a recipe.

    Args:
        method: public name.
        data: path or name of the data.
        recipe: name of one of the method's recipes.
        config: fields of the method's config that differ from the recipe.
        training: fields of ``Training`` that differ from the recipe.
        reading: how the data is read.
        folds: which part of the data is held out; that of the recipe if None.
        given: which labels are learnt from; all if None.

    Raises:
        UsageError: the method has no such recipe.

    >>> settings("vconv-dae", "furniture", training={"steps": 10}).training.steps
    10
    """
    known = methods.recipes(method)
    if recipe not in known:
        raise UsageError(f"{method} has no recipe {recipe!r}; it has {', '.join(known)}")
    filled = known[recipe]()
    return Settings(
        method=method.replace("_", "-"),
        config=replace(filled.config, **(config or {})),
        training=replace(filled.training, **(training or {})),
        data=data,
        reading=reading or Reading(),
        folds=folds or filled.folds,
        given=given or GivenLabels(),
    )
