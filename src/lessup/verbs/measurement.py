"""`lessup evaluate`: a run under a protocol, with its scores and figures left in the run folder."""

from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lessup import evaluation
from lessup.errors import DataError, UsageError
from lessup.evaluation import LabelProtocol, Result
from lessup.experiments import Settings
from lessup.methods import Classifier, Method, Segmenter
from lessup.methods.skip_gram import SkipGram
from lessup.runs import Run
from lessup.runs.provenance import provenance
from lessup.samples import Samples
from lessup.samples.class_numbers import numbered_as
from lessup.samples.given_labels import GivenLabels, with_classes, with_given
from lessup.samples.images import Images
from lessup.samples.splits import Folds, Split, split
from lessup.verbs.left_out import left_out
from lessup.verbs.next_protocol import next_protocol
from lessup.verbs.trained import load, load_like


def evaluate(
    run: str | Path, protocol: str, data: str | None = None, *, config: Any | None = None, device: str = "cpu"
) -> dict[str, Any]:
    """Measure a run under a protocol and write the scores into its folder.

    On the data that the run was trained on, the held-out part is measured. On other data, a protocol that learns
    nothing measures all of it; one that fits a classifier splits it first, as the data itself does, or by drawing.
    Where the run's own classes are measured, those of other data are known by their names.

    Args:
        run: run folder, or what masks from tags left: then its segmenter is measured.
        protocol: public name.
        data: path or name of the data; the run's own if not given.
        config: the protocol's settings.
        device: where to compute.

    Returns:
        The content of scores/PROTOCOL.json.

    Raises:
        UsageError: the method cannot do what the protocol measures.
        DataError: the data cannot carry the protocol.
    """
    folder, method = load(run, device=device)
    settings = Settings.of(folder.config)
    protocol_class = evaluation.load(protocol)
    if not isinstance(method, protocol_class.needs):
        raise UsageError(
            f"{protocol} measures {', '.join(evaluation.measured_by(protocol_class))}; {folder.path} holds "
            f"{settings.method}: choose another protocol (see `lessup list protocols`), such as "
            f"{next_protocol(folder)}"
        )
    reads = None if protocol_class.reads else method.reads
    if _asks_frames(method, protocol_class):
        reads = tuple(key for key in method.reads if key != "pair")
    samples = load_like(folder, method, data or settings.data, measured=True, reads=reads)
    missing = samples.lacking(protocol_class.reads)
    if missing:
        raise DataError(
            f"{protocol} reads {', '.join(missing)}, which {data or settings.data} does not have "
            f"(see `lessup doctor {data or settings.data}`)"
        )
    if issubclass(protocol_class.needs, Classifier | Segmenter) and isinstance(samples, Images):
        samples = numbered_as(samples, folder.config["data"]["classes"])
    asked = protocol_class(config)
    same = data in (None, settings.data) and _asks_frames(method, protocol_class)
    if same:  # the run's own clips, whose pairs hold out whole classes
        settings = replace(settings, folds=replace(settings.folds, whole_classes=False))
    parts, part = _parts(folder, asked, samples, settings, own=same)
    result = asked.measure(method, parts)
    sentences = (left_out(samples, data or settings.data), parts.note)
    result = replace(result, notes=(*result.notes, *(sentence for sentence in sentences if sentence)))
    measured = {
        "data": data or settings.data,
        "fingerprint": samples.fingerprint,
        "part": part,
        "samples": len(parts.test),
        "settings": asdict(asked.config),
    }
    scores = _scores(protocol, measured, folder, result)
    folder.write_scores(protocol, scores, result.figures)
    return scores


def _asks_frames(method: Method, protocol: type[evaluation.Protocol]) -> bool:
    """Tell whether classes are asked of a method that learns from pairs of patches: of clips, frames have them."""
    return "pair" in method.reads and issubclass(protocol, LabelProtocol)


def _parts(
    run: Run, protocol: evaluation.Protocol, samples: Samples, settings: Settings, *, own: bool = False
) -> tuple[Split, str]:
    """Return the parts of the data, and what the test part is; ``own`` data is that of the run in another form."""
    if issubclass(protocol.needs, SkipGram):
        nothing = samples.take(np.arange(0))
        return Split(train=nothing, validation=nothing, test=samples), "words"
    own = own or samples.fingerprint == run.config["data"]["fingerprint"]
    has_own_split = bool((samples.official == "test").any())
    if own and settings.folds.folds > 1:
        folds = settings.folds
        if folds.whole_classes and isinstance(protocol, LabelProtocol) and not protocol.deals:
            raise DataError(
                "the run holds out whole classes, and this protocol asks for the classes that it learns: choose "
                "verification or neighbors, pass --images-per-class, or pass --data"
            )
    elif own or not protocol.deals or (protocol.learns and has_own_split):
        folds = Folds()
    else:
        nothing = samples.take(np.arange(0))
        return Split(train=nothing, validation=nothing, test=samples), "all samples"
    official = folds.official and has_own_split
    given = GivenLabels(labels=str(run.labels) if own and run.labels.is_file() else "")
    parts = with_given(split(with_classes(samples, given), folds), given)
    return parts, "the data's own test part" if official else f"fold {folds.fold} of {folds.folds}"


def _scores(protocol: str, measured: Mapping[str, Any], run: Run, result: Result) -> dict[str, Any]:
    return {
        "protocol": protocol,
        **measured,
        "rows": {
            row: {key: asdict(score) for key, score in row_scores.items()} for row, row_scores in result.rows.items()
        },
        "seeds": [run.config["training"]["seed"]],
        "notes": list(result.notes),
        "warnings": run.warnings(),
        **provenance(),
    }
