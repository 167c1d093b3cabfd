"""Tables of what is heard: sound textures, and what frames of videos tell of their sound."""

from statistics import mean, stdev
from typing import Any

from table_layout import markdown, results

PUBLISHED = {
    "sound, cluster": ((36.7, 45.8, 44.8, 44.3), (17.3, 22.9, 20.7, 14.9), 44.1),
    "sound, binary": ((39.4, 46.7, 47.1, 47.4), (17.1, 22.5, 21.3, 21.4), 43.3),
    "sound, spectrum": ((35.8, 44.0, 44.4, 44.4), (), None),
    "texton": ((28.9, 37.5, 35.3, 32.5), (), None),
    "k-means": ((27.5, 34.8, 33.9, 32.1), (), None),
    "tracking": ((33.5, 42.2, 42.4, 40.2), (), 44.0),
    "patch positions": ((26.8, 46.1), (), 46.6),
    "egomotion": ((22.7, 31.1), (), 41.8),
    "ImageNet": ((63.6, 65.6, 69.6, 73.6), (), 57.1),
    "Places": ((59.0, 63.2, 65.3, 66.2), (), 52.8),
}
"""Owens et al. 2016: PASCAL VOC 2007 (mAP) and SUN397 (accuracy) at max5, pool5, fc6, fc7; Fast R-CNN's mAP."""


def sound_textures() -> str:
    """Accuracy in percent of every group of statistics, with its spread over folds."""
    rows = results().get("sound_textures", {"rows": {}})["rows"]
    heads = ("statistics", "accuracy", "std")
    lines = [[name, *(f"{row[key]:.3g}" if key in row else "-" for key in heads)] for name, row in rows.items()]
    return markdown(["ESC-10, four folds", "statistics", "accuracy %", "std over folds"], lines)


def ambient_sound() -> str:
    """Sounds told rightly around frames of held-out clips, in percent, mean and spread over seeds."""
    one = results().get("ambient_sound")
    if not one:
        return "**Not run.**"
    heads = {
        "chance": "commonest sound",
        "class_prior": "that of the folder",
        "exchanged": "sounds exchanged",
        "model": "**right sounds**",
    }
    tables = []
    for metric, said in {"class_mean": "mean over clusters, %", "accuracy": "over frames, or bits, %"}.items():
        lines = [
            [row, *(_over(found, metric, key) for key in heads)]
            for row, found in one["rows"].items()
            if any(each.get(metric) for each in found)
        ]
        tables.append(markdown([said, *heads.values()], lines))
    return "\n\n".join(tables)


def ambient_sound_published() -> str:
    """Transfer as published."""
    lines = []
    for row, (voc, sun, detection) in PUBLISHED.items():
        cells = [f"{value:.1f}" for value in voc] + ["-"] * (4 - len(voc))
        cells += [f"{value:.1f}" for value in sun] + ["-"] * (4 - len(sun))
        lines.append([row, *cells, "-" if detection is None else f"{detection:.1f}"])
    layers = ("max5", "pool5", "fc6", "fc7")
    return markdown(["published", *(f"VOC {x}" for x in layers), *(f"SUN {x}" for x in layers), "detection"], lines)


def _over(found: list[dict[str, Any]], metric: str, key: str) -> str:
    return _shown([one[metric][key] for one in found if key in one[metric]])


def _shown(values: list[float]) -> str:
    if not values:
        return "-"
    return f"{mean(values):.1f} ± {stdev(values):.1f}" if len(values) > 1 else f"{values[0]:.1f}"
