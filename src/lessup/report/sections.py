"""The sections of one run: what it is, its warnings, its protocols and its training."""

from collections.abc import Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from lessup.errors import DataError, RunError
from lessup.report.boxes import box_strips, threshold_chart
from lessup.report.confusion import confusion_matrix
from lessup.report.curves import training_curves
from lessup.report.errors_traded import error_trade_off
from lessup.report.from_tags import from_tags_section
from lessup.report.grids import Figures
from lessup.report.inpainted import inpainted_strips
from lessup.report.labels import labels_chart
from lessup.report.masks import mask_strips
from lessup.report.page import Section, facts, fold
from lessup.report.patches import patch_strips
from lessup.report.presentation import Presentation
from lessup.report.presentations import in_order, presentation
from lessup.report.published import PUBLISHED
from lessup.report.reconstructions import reconstructed_strips
from lessup.report.remarks import untrained_as_good
from lessup.report.repairs import before_and_after, error_chart
from lessup.report.strips import blend_strips, neighbor_strips
from lessup.report.tables import Rows, class_table, means_table, published_rows, read_rows
from lessup.report.units import unit_strips
from lessup.runs import Run
from lessup.runs.conditions import described, differing
from lessup.runs.within import around


def method_of(run: Run) -> str:
    """Return the public name of a run's method."""
    return str(run.config.get("method", "unknown method"))


def name_of(run: Run) -> str:
    """Return what a run is called: the name of its folder, or of that in which it ends the way from tags to masks."""
    whole = around(run)
    return (whole.path if whole else run.path).name


def run_sections(run: Run, *, prefix: str = "", title: str = "") -> list[Section]:
    """Write the sections of one run.

    Args:
        run: the run folder.
        prefix: put before each anchor, so that several runs fit on a page.
        title: heading above all sections; without one they are of the first level.

    Raises:
        RunError: a file of the run is damaged.
    """
    level = 3 if title else 2
    sections = [Section(f"{prefix}run", title or "Run", _warnings(run) + _overview(run))]
    if whole := around(run):
        sections.append(from_tags_section(whole, prefix=prefix, level=level))
    scores = run.all_scores()
    for protocol in in_order(scores):
        shown, (last, *earlier) = presentation(protocol), scores[protocol]
        try:
            body = _protocol(protocol, last, run.figures(protocol), shown, method_of(run))
            body += "".join(_earlier(one, last, shown, method_of(run)) for one in earlier)
        except DataError as error:
            raise RunError(f"{run.path}, {protocol}: {error}") from error
        sections.append(Section(f"{prefix}{protocol}", shown.title, body, level))
    if curves := training_curves(run.metrics()):
        sections.append(Section(f"{prefix}training", "Training", curves, level))
    return sections


def _overview(run: Run) -> str:
    config = run.config
    data = _mapping(config.get("data"))
    machine = _mapping(config.get("machine"))
    written = datetime.fromtimestamp((run.path / "config.json").stat().st_mtime, UTC)
    versions = {"lessup": config.get("lessup"), **_mapping(config.get("versions"))}
    values = {
        "method": method_of(run),
        "data": _joined(
            data.get("path"), f"{data['samples']} samples" if "samples" in data else "", _classes(data), _left_out(data)
        ),
        "started": f"{written:%Y-%m-%d %H:%M} UTC",
        "command": str(config.get("command", "")),
        "versions": _joined(*(f"{name} {value}" for name, value in versions.items() if value)),
        "commit": str(config.get("commit", "")),
        "machine": _joined(machine.get("gpu"), machine.get("cpu"), f"Python {machine.get('python', 'unknown')}"),
    }
    lines = _settings("", {name: config.get(name) for name in ("config", "training", "data") if name in config})
    return facts(values) + fold("All settings", facts(lines))


def _settings(name: str, value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        found: dict[str, str] = {}
        for key, inner in value.items():
            found |= _settings(f"{name}.{key}".lstrip("."), inner)
        return found
    return {name: ", ".join(map(str, value)) if isinstance(value, list) else str(value)}


def _classes(data: Mapping[str, Any]) -> str:
    classes = data.get("classes")
    return f"{len(classes)} classes" if isinstance(classes, list) and classes else ""


def _left_out(data: Mapping[str, Any]) -> str:
    number = data.get("left_out")
    return f"{number} left out (see lessup doctor)" if number else ""


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _joined(*parts: Any) -> str:
    return ", ".join(str(part) for part in parts if part)


def _warnings(run: Run) -> str:
    texts = "".join(f"<p>{escape(_sentence(warning))}</p>" for warning in run.warnings())
    return f'<div class="warning"><strong>Training went wrong</strong>{texts}</div>' if texts else ""


def _sentence(warning: Mapping[str, Any]) -> str:
    """Say what the collapse guard saw and what it advises."""
    step, message, advice = (warning.get(name) for name in ("step", "message", "advice"))
    return f"Step {step}: {message}. Try this: {advice}."


def _protocol(protocol: str, scores: Mapping[str, Any], figures: Figures, shown: Presentation, method: str) -> str:
    rows, published = read_rows(scores), PUBLISHED.get(protocol)
    parts = [f"<p>{escape(shown.sentence)}</p>", means_table(rows, shown, method=method, published=published)]
    if remark := untrained_as_good(rows, shown, method=method):
        parts.append(f'<div class="warning"><p>{escape(remark)}</p></div>')
    if published:
        parts.append(f'<p class="note">Published: {escape(published.source)}. {escape(published.remark)}</p>')
    metrics = dict.fromkeys(key.partition("/")[0] for values in rows.values() for key in values if "/" in key)
    by_class = "".join(
        f"<p>{escape(shown.columns.get(metric, metric))}</p>"
        + class_table(rows, metric, shown, method=method, published=published)
        for metric in metrics
    )
    parts += [fold("By class", by_class)] if by_class else []
    parts += [_pictures(protocol, figures, rows, shown, method), _notes(scores), _provenance(scores)]
    return "".join(parts)


def _earlier(scores: Mapping[str, Any], last: Mapping[str, Any], shown: Presentation, method: str) -> str:
    """Fold away what was measured before the last scores in another way, and say in which."""
    title = f"Measured before: {described(scores, differing([scores, last]) or None)}"
    return fold(title, means_table(read_rows(scores), shown, method=method) + _notes(scores) + _provenance(scores))


def _pictures(protocol: str, figures: Figures, rows: Rows, shown: Presentation, method: str) -> str:
    if protocol == "shape-repair":
        theirs = published_rows(PUBLISHED[protocol])
        return error_chart(rows, theirs, shown, method=method) + before_and_after(figures, shown)
    if protocol == "shape-classification":
        return confusion_matrix(figures)
    if protocol == "shape-retrieval":
        return neighbor_strips(figures)
    if protocol == "patch-neighbors":
        return patch_strips(figures, left="a patch drawn at random, then the patches of other images")
    if protocol == "reconstruction":
        return reconstructed_strips(figures)
    if protocol == "inpainting":
        return inpainted_strips(figures, shown)
    if protocol == "units":
        return unit_strips(figures)
    if protocol == "neighbors":
        return patch_strips(figures, left="the image that asks, then the images")
    if protocol in ("segmentation", "masks"):
        return mask_strips(figures, shown, method=method)
    if protocol == "localization":
        return threshold_chart(figures, shown, method=method) + box_strips(figures)
    if protocol == "verification":
        return error_trade_off(figures, shown, method=method)
    if protocol == "labels-curve":
        return labels_chart(figures, shown, method=method)
    return blend_strips(figures) if protocol == "shape-blending" else ""


def _notes(scores: Mapping[str, Any]) -> str:
    notes = scores.get("notes")
    lines = "".join(f"<li>{escape(str(note))}</li>" for note in notes) if isinstance(notes, list) else ""
    return f'<ul class="note">{lines}</ul>' if lines else ""


def _provenance(scores: Mapping[str, Any]) -> str:
    values = {
        "measured on": _joined(scores.get("data"), f"{scores['samples']} samples" if "samples" in scores else ""),
        "measured with": described(scores),
        "command": str(scores.get("command", "")),
        "lessup": _joined(scores.get("lessup"), scores.get("commit")),
    }
    return fold("How it was measured", facts(values))
