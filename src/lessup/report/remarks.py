"""Plain sentences on what the numbers of a table mean."""

from lessup.report.presentation import Presentation
from lessup.report.tables import Cell, Rows


def untrained_as_good(rows: Rows, shown: Presentation, *, method: str) -> str:
    """Say in which columns a network with random weights scores at least as well as the trained one.

    Args:
        rows: measured rows; nothing can be said without ``random`` and ``model``.
        shown: how the protocol is shown; columns without a better way are passed over.
        method: name of the method, plain text.

    Returns:
        Plain text; empty where the trained network is better in every column.

    >>> rows = {"random": {"map": Cell(31.0)}, "model": {"map": Cell(30.5)}}
    >>> untrained_as_good(rows, Presentation("", lower_is_better={"map": False}), method="vconv-dae").partition(". ")[0]
    'An untrained network scores at least as well as vconv-dae here: map 31 against 30.5'
    """
    random, model = rows.get("random", {}), rows.get("model", {})
    telling = {*shown.lower_is_better, *shown.headlines(model)}
    told = [
        f"{shown.columns.get(metric, metric.replace('_', ' '))} {random[metric].mean:.4g} against {cell.mean:.4g}"
        for metric, cell in model.items()
        if metric in random and metric in telling and _as_good(random[metric], cell, shown.lower(metric))
    ]
    if not told:
        return ""
    return (
        f"An untrained network scores at least as well as {method} here: {', '.join(told)}. "
        "What was learned does not show in these numbers."
    )


def _as_good(random: Cell, model: Cell, lower_is_better: bool | None) -> bool:
    if lower_is_better is None:
        return False
    return random.mean <= model.mean if lower_is_better else random.mean >= model.mean
