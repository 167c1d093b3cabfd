"""Tables on labels for all from few, and on vectors of words."""

from typing import Any

import numpy as np

from table_layout import markdown, measured, results

_PUBLISHED_FEW_SHOT = {"matching-networks": ("98.1", "93.8"), "prototypical-networks": ("98.8", "96.0")}
"""Of 1,200 characters to learn from; turned characters are classes of their own."""


def few_labels() -> str:
    """Transductive accuracy on digits by number of labels, mean and spread over draws."""
    rows = results().get("few_labels", {"rows": {}})["rows"]
    counts = list(dict.fromkeys(count for row in rows.values() for count in row))
    lines = [[name, *(_spread(row.get(count)) for count in counts)] for name, row in rows.items()]
    return markdown(["digits, accuracy % at so many labels", *counts], lines) if lines else "**Not run.**"


def named_classes() -> str:
    """Accuracy from names of classes alone, by their number, mean and spread over draws of classes."""
    rows = results().get("named_classes", {"rows": {}})["rows"]
    sizes = list(dict.fromkeys(size for row in rows.values() for size in row))
    lines = [[row, *(_spread(values[size]) for size in sizes)] for row, values in rows.items()]
    return markdown(["Caltech-101, accuracy % among so many classes", *sizes], lines) if lines else "**Not run.**"


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


def few_shot() -> str:
    """Accuracies of one-shot tasks on held-out alphabets by fold, the mean over several, beside those published."""
    keys = [f"{way}_{kind}" for kind in ("across", "within", "turned") for way in (5, 20)]
    lines, of_row = [], dict[str, dict[int, dict[str, float]]]()
    for name in ("few_shot", "few_shot_fold_2", "few_shot_fold_3", "few_shot_matching"):
        one = results().get(name, {"rows": {}, "folds": []})
        for row, scores in one["rows"].items():  # chance and pixels stand in several results: they are the same for all
            for number, fold in enumerate(one["folds"]):
                of_row.setdefault(row, {})[fold] = {key: values[number] for key, values in scores.items()}
    for row, folds in of_row.items():
        lines += [[row, str(fold), *(_spread([folds[fold][key]]) for key in keys)] for fold in sorted(folds)]
        if len(folds) > 1:
            lines.append([f"**{row}**", "mean", *(_spread([one[key] for one in folds.values()]) for key in keys)])
    if not lines:
        return "**Not run.**"
    lines += [[f"{row}, published", "-", "-", "-", "-", "-", *values] for row, values in _PUBLISHED_FEW_SHOT.items()]
    heads = ["5 across", "20 across", "5 within", "20 within", "5 across, turned", "20 across, turned"]
    return markdown(["Omniglot, one shot, accuracy % of so many ways", "fold", *heads], lines)


def semi_supervised() -> str:
    """Errors of networks on a few labels and all images, mean and spread over draws; one method was run anew."""
    one = results().get("semi_supervised")
    if not one:
        return "**Not run.**"
    keys = ("transductive_error", "inductive_error", "cpu_s", "wall_s")
    rows = one["rows"] | results().get("semi_supervised_mean_teacher", {"rows": {}})["rows"]
    lines = [[row, *(_spread(scores.get(key)) for key in keys)] for row, scores in rows.items()]
    heads = ["error % on hidden training images", "on test images", "seconds of CPU", "seconds"]
    return markdown([f"MNIST, {one['shots']} labels a class", *heads], lines)


def zero_shot() -> str:
    """Accuracies on classes that were never seen, in percent."""
    rows = results().get("zero_shot", {"rows": {}})["rows"]
    keys = ("unseen", "seen_among_all", "unseen_among_all", "harmonic", "calibrated", "area")
    lines = [[row, *(f"{scores[key]:.1f}" if key in scores else "-" for key in keys)] for row, scores in rows.items()]
    heads = ["unseen, among unseen", "seen, among all", "unseen, among all", "harmonic mean", "calibrated", "area"]
    return markdown(["Tiny-ImageNet, mean over classes %", *heads], lines) if lines else "**Not run.**"


def advice() -> str:
    """What `lessup advise` measured, with the recommendation that it wrote."""
    one = results().get("advice")
    if not one:
        return "**Not run.**"
    table = one["table"]
    heads = [column["head"] for column in table["columns"]]
    lines = []
    for row in table["rows"]:
        values = [row["values"][column["protocol"]][column["metric"]] for column in table["columns"]]
        cost = "-" if row["cost"] is None else f"{row['cost']['seconds']:.2f}"
        lines.append([row["name"], *(f"{value['mean']:.1f}" + _std(value) for value in values), cost])
    said = " ".join(table["summary"])
    return f"{markdown(['mean over classes, %', *heads, 'seconds'], lines)}\n\n> {said}"


def _std(value: dict[str, Any]) -> str:
    return f" ± {value['std']:.1f}" if value["n"] > 1 else ""


def skip_gram() -> str:
    """What vectors of words know, by row, mean and spread over seeds."""
    lines = results().get("skip_gram", {"lines": []})["lines"]
    keys = ("semantic", "syntactic", "total", "wordsim353_spearman", "simlex999_spearman")
    table = []
    for row in dict.fromkeys(line["row"] for line in lines):
        own = [line for line in lines if line["row"] == row]
        table.append([row, str(len(own)), *(_spread([line[key] for line in own if key in line]) for key in keys)])
    heads = ["seeds", "semantic %", "syntactic %", "all %", "WordSim-353", "SimLex-999"]
    return markdown(["40 novels", *heads], table) if table else "**Not run.**"


def skip_gram_batches() -> str:
    """What vectors know that are moved once for a whole batch, by its size; one seed."""
    lines = []
    similar = measured("word-similarity", "skip-gram")
    for name, rows in measured("analogies", "skip-gram").items():
        words = 1000 * results()[name]["run"]["training"]["batch_size"]
        scores = [rows["model"][part] for part in ("semantic", "syntactic", "total")]
        scores.append(similar[name]["model"]["spearman"])
        lines.append([f"{words:,}", *(f"{score['mean']:.1f}" for score in scores)])
    heads = ["semantic %", "syntactic %", "all %", "WordSim-353"]
    return markdown(["words in a batch", *heads], lines) if lines else "**Not run.**"


def skip_gram_speed() -> str:
    """How many words a second are learnt from, by threads, mean and spread over seeds."""
    lines = results().get("skip_gram_speed", {"lines": []})["lines"]
    threads = list(dict.fromkeys(line["threads"] for line in lines))
    table = [
        [
            row,
            *(
                _spread(
                    [line["words_per_second"] / 1000 for line in lines if (line["row"], line["threads"]) == (row, num)]
                )
                for num in threads
            ),
        ]
        for row in dict.fromkeys(line["row"] for line in lines)
    ]
    heads = [f"{num} threads" if num > 1 else "1 thread" for num in threads]
    return markdown(["1000 words a second", *heads], table) if table else "**Not run.**"


def _spread(values: Any) -> str:
    """Return mean and sample standard deviation; a single value has none."""
    if not values:
        return "-"
    return f"{np.mean(values):.1f}" + (f" ± {np.std(values, ddof=1):.1f}" if len(values) > 1 else "")
