"""Rows of a table that networks give which are fine-tuned from untrained and from trained weights, several times."""

from collections.abc import Callable

from lessup.errors import UsageError
from lessup.methods import ImageEncoder, Method
from lessup.probes.linear_rows import Rows
from lessup.probes.reference_rows import references
from lessup.samples import Samples

Measured = Callable[[str, ImageEncoder, int], dict[str, float]]
"""Fine-tunes the network of a row with a seed, and gives its metrics."""


def training_seeds(first: int, repeats: int) -> range:
    """Return the seeds of ``repeats`` trainings.

    Raises:
        UsageError: there are none.
    """
    if repeats < 1:
        raise UsageError(f"--repeats {repeats}: wanted 1 or more")
    return range(first, first + repeats)


def fine_tuned_rows(
    method: ImageEncoder, samples: Samples, measured: Measured, *, seeds: range, with_references: bool
) -> Rows:
    """Fine-tune from the weights of every row with every seed.

    Args:
        method: the trained network, of the row ``model``; it stays as it is.
        samples: training samples.
        measured: fine-tunes and measures.
        seeds: of the trainings, and of the random weights beside them.
        with_references: whether untrained networks are fine-tuned too; see ``references``.

    Returns:
        Values by row, then by seed, then by metric; and what must be said of the untrained networks, once.
    """
    metrics: dict[str, list[dict[str, float]]] = {}
    notes: tuple[str, ...] = ()
    for seed in seeds:
        starts: dict[str, Method] = {"model": method}
        if with_references:
            others = references(method, samples, seed=seed, settled=True)
            starts = {**others.networks, **starts}
            notes = (*notes, *(note for note in others.notes if note not in notes))
        for row, start in starts.items():
            assert isinstance(start, ImageEncoder)
            metrics.setdefault(row, []).append(measured(row, start, seed))
    return Rows(metrics, notes)
