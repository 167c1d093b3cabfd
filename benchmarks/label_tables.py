"""Tables on labels for all from few."""

from typing import Any

import numpy as np

from table_layout import markdown, results


def few_labels() -> str:
    """Transductive accuracy on digits by number of labels, mean and spread over draws."""
    rows = results().get("few_labels", {"rows": {}})["rows"]
    counts = list(dict.fromkeys(count for row in rows.values() for count in row))
    lines = [[name, *(_spread(row.get(count)) for count in counts)] for name, row in rows.items()]
    return markdown(["digits, accuracy % at so many labels", *counts], lines) if lines else "**Not run.**"


def label_spreading_speed() -> str:
    """Seconds of spreading labels, by size."""
    one = results().get("label_spreading_speed")
    if not one:
        return "**Not run.**"
    lines = [
        [
            f"{line['samples']:,} x {line['features']}",
            line["of"],
            f"{line['seconds']:.2f}",
            f"{line['most_memory_gb']:.1f}",
        ]
        for line in one["lines"]
    ]
    return markdown(["samples x features", "of", f"seconds, {one['threads']} threads", "most memory so far, GB"], lines)


def zero_shot() -> str:
    """Accuracies on classes that were never seen, in percent."""
    rows = results().get("zero_shot", {"rows": {}})["rows"]
    keys = ("unseen", "seen_among_all", "unseen_among_all", "harmonic")
    lines = [[row, *(f"{scores[key]:.1f}" if key in scores else "-" for key in keys)] for row, scores in rows.items()]
    heads = ["unseen, among unseen", "seen, among all", "unseen, among all", "harmonic mean"]
    return markdown(["Tiny-ImageNet, mean over classes %", *heads], lines) if lines else "**Not run.**"


def _spread(values: Any) -> str:
    """Return mean and sample standard deviation."""
    return f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}" if values else "-"
