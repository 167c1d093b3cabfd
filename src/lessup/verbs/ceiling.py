"""The supervised row of a comparison: the ceiling on the same data with the same backbone."""

from pathlib import Path

from lessup.experiments import Settings, settings
from lessup.runs import Run
from lessup.verbs.training import train


def backbone_of(run: Run) -> str:
    """Return the name of the network that a run transfers; empty where its method has no choice of one."""
    return str(run.config["config"].get("backbone", ""))


def supervised_beside(run: Run, *, steps: int = 0) -> Run:
    """Train ``supervised`` on the training part of a run, labels and all, with its backbone, in a folder beside it.

    A run that stands there is used, or gone on with if it is not done.

    Args:
        run: whose data, reading, fold and backbone are taken.
        steps: updates; those of the recipe ``cpu`` if 0.

    Raises:
        DataError: the data has no labels.
        UsageError: what stands there was begun with other settings.
    """
    own, backbone = Settings.of(run.config), backbone_of(run)
    asked = settings(
        "supervised",
        own.data,
        config={"backbone": backbone},
        training={"steps": steps} if steps else {},
        reading=own.reading,
        folds=own.folds,
    )
    fold = f"-fold{own.folds.fold}" if own.folds.fold else ""
    out = folder_beside(run, f"supervised-{backbone.replace(':', '-')}{fold}")
    return train(asked, out, resume=(out / "config.json").is_file())


def folder_beside(run: Run, name: str) -> Path:
    """Return a folder in the one that holds a run.

    >>> folder_beside(Run(Path("runs/context")), "supervised-alexnet").as_posix()
    'runs/supervised-alexnet'
    """
    return Path(run.path).parent / name
