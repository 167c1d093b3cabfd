"""Tables of what is learnt from motion: committed results beside what is published."""

from collections.abc import Mapping, Sequence
from statistics import mean, stdev

from table_layout import markdown, measured, results

LABELS = ("100", "300", "1000", "10000")

PUBLISHED = {
    "from scratch": (20.1, 8.3, 4.5, 1.6),
    "slow features": (11.2, 6.4, 3.5, 2.1),
    "egomotion": (8.7, 3.6, 2.0, 0.9),
}
"""Errors in percent in Agrawal, Carreira, Malik 2015, from memory."""

ROWS = {
    "chance": "chance",
    "random": "random weights, frozen",
    "magic_init": "magic-init, frozen",
    "slow-features": "**slow features**, frozen",
    "egomotion": "**egomotion**, frozen",
    "from_scratch": "from scratch",
    "slow-features_fine_tuned": "**slow features**, fine-tuned",
    "egomotion_fine_tuned": "**egomotion**, fine-tuned",
    "from_scratch_shifted": "from scratch, digits shifted",
    "slow-features_fine_tuned_shifted": "**slow features**, fine-tuned, digits shifted",
    "egomotion_fine_tuned_shifted": "**egomotion**, fine-tuned, digits shifted",
}


def egomotion() -> str:
    """Error on test digits by the number of labels, ours with spreads, then the published ones."""
    one = results().get("egomotion-digits")
    if not one:
        return "**Not run.**"
    lines = [
        [shown, *(f"{value['mean']:.1f} ± {value['std']:.1f}" for value in (one["errors"][row][n] for n in LABELS))]
        for row, shown in ROWS.items()
        if row in one["errors"]
    ]
    lines += [[f"{row}, published", *(f"{value:.1f}" for value in values)] for row, values in PUBLISHED.items()]
    return markdown(["error on test digits, %", *(f"{int(number):,} labels" for number in LABELS)], lines)


def egomotion_video() -> str:
    """Right answers on the second halves of drives, mean and spread over the committed seeds."""
    runs = [*measured("pretext", "egomotion-video").values()]
    if not runs:
        return "**Not run.**"
    shown = {
        "most frequent in training": ("model", "_usual"),
        "random weights": ("random", ""),
        "**model**": ("model", ""),
    }
    lines = [
        [name, *(_spread([run[row][told + suffix]["mean"] for run in runs]) for told in ("x", "z", "turn"))]
        for name, (row, suffix) in shown.items()
    ]
    return markdown(["right answers on second halves, %", "X", "Z", "turn"], lines)


def tracked_patches() -> str:
    """Pairs that were mined, how fast, how many show one thing, and how many are found again."""
    found, lines = results(), []
    if mining := found.get("tracked_patches_mining"):
        dropped = sum(mining["dropped"].values())
        lines.append(["pairs mined, windows dropped", f"{mining['pairs']}, {dropped}"])
        lines.append(["clips, clips with a pair", f"{mining['clips']}, {mining['clips_with_pairs']}"])
        work, spent, cores = (mining[key] for key in ("times_real_time_a_core", "times_real_time", "cores"))
        lines.append(["seconds of video mined in a second of one core's work, 240 pixels", f"{work:.1f}"])
        lines.append([f"... in a second, on {cores} core{'s' * (cores > 1)}", f"{spent:.1f}"])
    if sheet := found.get("tracked_patches_sheet"):
        lines.append(
            [f"pairs that show one thing, counted by {sheet['judge']}", f"{sheet['same']} of {sheet['pairs']}"]
        )
    if speed := found.get("tracked_patches_loss"):
        each = speed["triplets_per_ms"]
        lines.append(
            [
                "triplets chosen and scored in a millisecond of a core's work, random and hard",
                f"{each['random']:.0f}, {each['hard']:.0f}",
            ]
        )
    for name, how in {"tracked_patches": "", "tracked_patches_grey": ", without colours"}.items():
        one = found.get(name, {"rows": {}})
        lines += [
            [f"recall@1 among {one['others']:,} others{how}, %: {row}", _with_spread(score)]
            for row, score in one["rows"].items()
        ]
    parts = {"tracked_patches_mining": "mining", "tracked_patches_sheet": "sheet", "tracked_patches": "retrieval"}
    parts["tracked_patches_grey"] = "retrieval without colours"
    lines += [[part, "not run"] for name, part in parts.items() if name not in found]
    return markdown(["what", "measured"], lines)


FACES = {
    "gaussian_fr_at_10": "false rejects at 10 %",
    "gaussian_fr_at_7_5": "at 7.5 %",
    "gaussian_fr_at_5": "at 5 %",
    "gaussian_eer": "equal error",
    "eer": "pairs: equal error",
    "fr_at_10": "pairs: false rejects at 10 %",
}


def faces() -> str:
    """False rejects and equal errors of people who were never seen: mean and spread over folds."""
    one = results().get("faces")
    if not one:
        return "**Not run.**"
    lines = [[row, *(_spread(values[metric]) for metric in FACES)] for row, values in one["rows"].items()]
    some = one["untouched"]
    lines += [
        [f"{row}, folds {' and '.join(map(str, some))}", *(_spread([values[m][fold] for fold in some]) for m in FACES)]
        for row, values in one["rows"].items()
    ]
    lines.append(["published, AT&T", "0.0", "1.0", "1.0", "-", "-", "-"])
    return markdown(["%", *FACES.values()], lines)


def _with_spread(score: Mapping[str, float]) -> str:
    return f"{score['mean']:.1f} ± {score['std']:.1f}" if score["n"] > 1 else f"{score['mean']:.1f}"


def _spread(values: Sequence[float]) -> str:
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"
