"""Tables of the benchmarks on masks and on boxes without boxes, from benchmarks/results."""

from typing import Any

from table_layout import markdown, results


def masks() -> str:
    """Mean IoU and FS% of every row of `benchmarks/tags_to_masks.py`, with the seeds, the labels and the threshold."""
    parts = [_masks_of(name, one) for name, one in results().items() if name.startswith("masks-")]
    return "\n\n".join(parts) or "**Not run.**"


def _masks_of(name: str, one: dict[str, Any]) -> str:
    seeds = [*one["seeds"].values()]
    labels = {row: [of["guides"][row]["mean_iou"] for of in seeds if row in of.get("guides", {})] for row in _MASK_ROWS}
    columns = {"mean_iou": "mean IoU", "fs": "FS%", "iou/bag": "IoU of bag"}
    lines = []
    for row, title in _MASK_ROWS.items():
        alone, crf = one["table"].get(row), one["table"].get(f"{row}_crf", {})
        if alone:
            made = f"{sum(labels[row]) / len(labels[row]):.1f}" if labels[row] else "-"
            lines.append([title, made, *(_spread(of, column) for column in columns for of in (alone, crf))])
    heads = [head for title in columns.values() for head in (title, f"{title}, with CRF")]
    thresholds = "; ".join(
        f"{of['chosen']:.2f} chosen, {of['chosen_mean_iou']:.1f}, best {of['best']:g}, {of['best_mean_iou']:.1f}"
        for of in (of["threshold"]["g2"] for of in seeds if "threshold" in of)
    )
    precision = ", ".join(str(of["seeds"]["all"]["mean_precision"] or "-") for of in seeds if "seeds" in of)
    table = markdown(["labels to learn from", "mean IoU of them", *heads], lines)
    return (
        f"`{name}`, seeds {', '.join(one['seeds'])}:\n\n{table}\n\n"
        f"mP of the seeds: {precision}. Threshold and mean IoU of G2 on training images, without and with masks: "
        f"{thresholds}."
    )


def _spread(row: dict[str, Any], column: str) -> str:
    value = row.get(column)
    if value is None:
        return "-"
    return f"{value['mean']:.1f}" + (f" ± {value['std']:.1f}" if value["n"] > 1 else "")


_MASK_ROWS = {
    "background": "none: all background",
    "tag_prior": "none: the image's commonest tag",
    "seeds": "seeds alone",
    "saliency": "saliency alone, the image's commonest tag",
    "g0": "G0",
    "g1": "G1",
    "contrast": "G2, contrast alone as saliency",
    "g2": "**G2**",
    "oracle": "G2, true foreground as saliency",
    "full": "true masks",
}


def dense_crf() -> str:
    """Seconds for one photograph and equality to pydensecrf2."""
    lines = []
    for size, one in results().get("dense_crf", {"settings": {}})["settings"].items():
        for name, seconds in one["seconds"].items():
            equality = one["equality"][name]
            figures = f"{seconds:.3f}", f"{one['times_faster'][name]:.2f}", f"{equality['labels_equal_percent']:.3f}"
            lines.append([f"{size}: {name}", *figures, f"{equality['mean_difference']:.0e}"])
    return markdown(["one photograph", "seconds", "times faster", "labels equal, %", "mean difference of Q"], lines)


def localization() -> str:
    """Boxes found on the part of Tiny-ImageNet's validation images that chose nothing, class given."""
    heads = ("images", "box accuracy", "over the best blind box", "with the class named", "mean over thresholds")
    parts = []
    for name, one in results().items():
        if name.startswith("localization"):
            lines = [_localized(row, values, one["gains"].get(row)) for row, values in one["rows"].items()]
            parts.append(f"`{name}`, where the first part chose *{one['chosen']}*:\n\n{markdown(['%', *heads], lines)}")
    return "\n\n".join(parts) or "**Not run.**"


def _localized(row: str, values: dict[str, Any], gain: dict[str, Any] | None) -> list[str]:
    gained = f"{gain['points']:+.1f} ± {gain['standard_error']:.1f}" if gain else "-"
    mean = f"{values['mean_box_accuracy']:.1f}" if "mean_box_accuracy" in values else "-"
    return [row, f"{values['n']:,}", f"{values['given']:.1f}", gained, f"{values['top1']:.1f}", mean]


def pooling() -> str:
    """Average against max pooling: classes named, and objects found."""
    heads = {"top1_class": "class named", "given": "box accuracy", "given_at_20": "at 20 %"} | {
        "mean_box_accuracy": "mean over thresholds"
    }
    parts = []
    for name, one in results().items():
        if name.startswith("pooling"):
            lines = [
                [row, *(f"{values[key]['mean']:.1f} ± {values[key]['std']:.1f}" for key in heads)]
                for row, values in one["table"].items()
            ]
            settings = f"{one['classes']} classes, {one['steps']:,} updates, seeds {', '.join(map(str, one['seeds']))}"
            parts.append(f"`{name}`, {settings}:\n\n{markdown(['%', *heads.values()], lines)}")
    return "\n\n".join(parts) or "**Not run.**"
