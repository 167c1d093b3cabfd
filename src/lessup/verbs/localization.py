"""`lessup localize`: maps and boxes of a trained classifier, or of classes taught to a network, on a user's images."""

import difflib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np

from lessup.errors import DataError, RunError, UsageError
from lessup.masks.deep_features import Taught, taught
from lessup.masks.localize import LocalizeConfig, Localized, Told, localize_images
from lessup.methods import Classifier, ImageEncoder, Method
from lessup.runs import Run
from lessup.runs.files import is_occupied
from lessup.samples import Damage
from lessup.samples.class_numbers import numbered_as
from lessup.samples.images import Images
from lessup.verbs.trained import load, load_like


def localize(
    run: str | Path,
    data: str,
    out: str | Path,
    *,
    classes: Sequence[str] = ("predicted",),
    learn_from: str = "",
    config: LocalizeConfig | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Look for a classifier's classes in images, and write maps, boxes and pictures into a folder.

    Args:
        run: run folder of a classifier; with ``learn_from`` of any network on images.
        data: path or name of the data; read as the run read its own.
        out: folder to write to.
        classes: names of the known classes; or ``predicted`` or ``labels`` alone.
        learn_from: path or name of labelled images, whose classes are then the known ones in place of the run's: a
            linear machine on pooled features learns them, see ``deep_features``.
        config: what is drawn; its ``classes`` are those given here.
        device: where to compute.
        overwrite: write into a folder that holds files.

    Returns:
        ``out``, how many ``images`` and ``boxes`` there are, how they were drawn, what was ``learnt`` or None, and by
        name and reason what is ``damaged``, of ``unknown`` class, or ``without_box``.

    Raises:
        UsageError: the run is no classifier's, a class is unknown, or a setting is out of range.
        DataError: the data is no images, or has no class to look for.
        RunError: the folder holds files, or cannot be written.
    """
    config = config or LocalizeConfig()
    _check(config)
    out = Path(out)
    if is_occupied(out) and not overwrite:
        raise RunError(f"{out} holds something already: pass another --out or --overwrite (nothing was written)")
    folder, method = load(run, device=device)
    classifier, known, learnt = _knowing(folder, method, learn_from)
    asked = _asked(classes, known)
    config = replace(config, classes=asked)
    samples = load_like(folder, method, data)
    if not isinstance(samples, Images):
        raise DataError(f"{data} holds no images: classes are looked for in images")
    images = numbered_as(samples, known) if asked == "labels" else _without_labels(samples, known)
    done = localize_images(classifier, images, out, config)
    return _summary(done, images, out, config) | {"learnt": learnt}


def _knowing(run: Run, method: Method, learn_from: str) -> tuple[Classifier, tuple[str, ...], dict[str, Any] | None]:
    """Return a classifier, the names of its classes, and how it came to know them if not by the run."""
    if not learn_from:
        if not isinstance(method, Classifier):
            raise UsageError(
                f"{run.path} holds {run.config['method']}, which scores no classes: train supervised, or name labelled "
                "images by --learn-from"
            )
        return method, tuple(run.config["data"]["classes"]), None
    if not isinstance(method, ImageEncoder):
        raise UsageError(f"{run.path} holds {run.config['method']}, which does not look at images: train supervised")
    labelled = load_like(run, method, learn_from)
    if not isinstance(labelled, Images):
        raise DataError(f"{learn_from} holds no images: classes are learnt from images")
    found = taught(method, labelled)
    return found.network, labelled.classes, _learnt(found, learn_from)


def _learnt(found: Taught, data: str) -> dict[str, Any]:
    validation = found.layer.validation
    return {
        "data": data,
        "images": found.num_images,
        "classes": len(found.layer.weight),
        "cost": found.layer.strength,
        "validation": None if np.isnan(validation) else validation,
    }


def _asked(classes: Sequence[str], known: Sequence[str]) -> tuple[int, ...] | Told:
    for told in get_args(Told):
        if list(classes) == [told]:
            found: Told = told
            return found
    if not classes:
        raise UsageError("which classes? Names, or --classes predicted, or --classes labels")
    unknown = next((name for name in classes if name not in known), None)
    if unknown is not None:
        near = difflib.get_close_matches(unknown, known, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"wanted some of {', '.join(known[:10])}"
        raise UsageError(f"the network knows no class {unknown!r}: {hint}")
    return tuple(known.index(name) for name in dict.fromkeys(classes))


def _check(config: LocalizeConfig) -> None:
    if not 0 <= config.threshold < 1:
        raise UsageError(f"--threshold {config.threshold}: wanted a share of the maximum, from 0 to below 1")
    if config.top < 1:
        raise UsageError(f"--top {config.top}: wanted 1 class or more")


def _without_labels(images: Images, known: tuple[str, ...]) -> Images:
    """Return images of which nothing is known, whose folders may be called anything."""
    label = np.full(len(images), -1)
    return replace(images, classes=known, label=label, tags=None, boxes=None, masks=None)


def _summary(done: Localized, images: Images, out: Path, config: LocalizeConfig) -> dict[str, Any]:
    left_out = [one for one in images.damage if one.skipped]
    return {
        "out": str(out),
        "images": len({one.image for one in done.located}),
        "boxes": sum(one.corners is not None for one in done.located),
        "method": config.method,
        "threshold": config.threshold if config.method == "paper" else None,
        "scale": config.scale,
        "damaged": _named(left_out),
        "unknown": _named([one for one in done.damage if one.skipped]),
        "without_box": _named([one for one in done.damage if not one.skipped]),
    }


def _named(damage: Sequence[Damage]) -> list[dict[str, str]]:
    return [{"name": str(one.name), "reason": one.reason} for one in damage]
