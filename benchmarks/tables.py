"""Write the tables of the README and the docs from benchmarks/results, between their marks.

python benchmarks/tables.py          write
python benchmarks/tables.py --check  exit with 1 if a page is out of date
"""

import re
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from label_tables import (
    advice,
    few_labels,
    few_shot,
    label_spreading_speed,
    named_classes,
    semi_supervised,
    skip_gram,
    skip_gram_batches,
    skip_gram_speed,
    zero_shot,
)
from lessup.report.published import PUBLISHED
from mask_tables import dense_crf, localization, masks, pooling
from motion_tables import egomotion, egomotion_video, faces, tracked_patches
from sound_tables import ambient_sound, ambient_sound_published, sound_textures
from table_layout import ROOT, cells, markdown, measured, results

REFERENCES = ("chance", "pixels", "random", "magic_init", "mean_colour", "biharmonic")
REPAIR_COLUMNS = ("rand_30", "rand_50", "dist_10", "dist_20", "dist_30", "half", "view")


def repair() -> str:
    """Mean error in percent; trivial rows as measured on the same objects, then published, then ours."""
    lines: list[list[str]] = []
    for name, rows in measured("shape-repair").items():
        if not lines:
            trivial = ("identity", "empty", "closing")
            lines += [[f"{row}, measured", *cells(rows[row], REPAIR_COLUMNS)] for row in trivial]
            lines += [
                [f"{row}, published", *(f"{values[c]:.2f}" if c in values else "-" for c in REPAIR_COLUMNS)]
                for row, values in PUBLISHED["shape-repair"].rows.items()
            ]
        lines.append([f"**{name}**", *cells(rows["model"], REPAIR_COLUMNS)])
    return markdown(["mean error %", *REPAIR_COLUMNS], lines)


def classification() -> str:
    """Accuracy in percent, per view and per object."""
    columns = ("accuracy_view", "accuracy_object")
    lines = []
    for name, rows in measured("shape-classification").items():
        names = {row: f"**{name}**" if row == "model" else f"{name}: {row}" for row in rows}
        lines += [[names[row], *cells(scores, columns, 1)] for row, scores in rows.items()]
    return markdown(["accuracy %", "per view", "per object"], lines)


def pretext() -> str:
    """Right answers of context prediction in percent."""
    columns = ("accuracy", "accuracy_scrambled")
    lines: list[list[str]] = []
    for name, rows in measured("pretext", "context-prediction").items():
        if not lines:
            lines.append(["chance", *cells(rows["chance"], columns, 1)])
        lines += [[f"{name}: {row}", *cells(rows[row], columns, 1)] for row in ("random", "model")]
    return markdown(["right answers, %", "held-out images", "their colours scrambled"], lines)


def fringes() -> str:
    """Right answers of context prediction on textures with fringes."""
    found = results().get("chromatic_aberration", {"accuracy": {}})
    return markdown(["--fringes", "right answers, %"], [[row, f"{x:.1f}"] for row, x in found["accuracy"].items()])


def scored(protocol: str, columns: Sequence[str], heads: Sequence[str], *, data: str = "") -> str:
    """Lay out every result under a protocol; a trivial row that several share stands once.

    Args:
        protocol: its name.
        columns: metrics.
        heads: what they are called.
        data: part of the path of what the run was trained on.
    """
    trivial: dict[tuple[str, ...], str] = {}
    models = []
    for name, one in results().items():
        for asked, scores in one.get("scores", {}).items():
            if asked.split()[0] == protocol and data in one["run"]["data"]["path"]:
                for row, values in scores["rows"].items():
                    line = (row, *cells(values, columns))
                    if row in REFERENCES:
                        trivial.setdefault(line, name)
                    else:
                        models.append([f"**{name}**" if row == "model" else f"{name}: {row}", *line[1:]])
    names = Counter(row for row, *_ in trivial)
    lines = [[row if names[row] == 1 else f"{row}, as {name}", *figures] for (row, *figures), name in trivial.items()]
    return markdown(["", *heads], [*lines, *models])


def mnist() -> str:
    """Nearest neighbours on MNIST, percent right."""
    return scored("knn", ("accuracy",), ("1-NN, %",), data="mnist")


def inpainting() -> str:
    """Error of filled holes."""
    columns = ("l1", "l2", "psnr")
    return scored("inpainting", columns, ("absolute error, %", "squared error, %", "PSNR, dB"))


def labels() -> str:
    """Accuracy by the number of labels a class, in percent."""
    numbers = (1, 5, 10, 30, 100)
    return scored("labels-curve", [f"accuracy_{number}" for number in numbers], [f"{n} a class" for n in numbers])


def transfer() -> str:
    """Every committed table of `lessup compare`, its rows with mean and spread, and what training took."""
    parts = []
    for name, one in results().items():
        if name.startswith("transfer"):
            table = one["table"]
            columns = [column for column in table["columns"] if "_at_" not in column["metric"]]
            heads = [f"{column['group']}: {column['head']}" for column in columns]
            lines = [
                [row["name"], *(_value(row, column) for column in columns), _minutes(row)] for row in table["rows"]
            ]
            parts.append(f"`{name}`:\n\n{markdown(['', *heads, 'training, minutes'], lines)}")
    return "\n\n".join(parts) or markdown(["", "linear-svm"], [])


def worth() -> str:
    """All transfer tables in one, from the lowest accuracy to the highest; a row that several share stands once."""
    found: dict[tuple[str, ...], float] = {}
    for name, one in results().items():
        if name.startswith("transfer"):
            for row in one["table"]["rows"]:
                scores = row["values"]["linear-svm"]
                shown = [f"{scores[key]['mean']:.1f} ± {scores[key]['std']:.1f}" for key in ("accuracy", "class_mean")]
                cost = f"{_minutes(row)} min, {row['cost']['machine']}" if row["cost"] else "-"
                known = {(line[0].split(",")[0], line[1]) for line in found}
                if (row["name"].split(",")[0], shown[0]) not in known:
                    found[row["name"], *shown, cost] = scores["accuracy"]["mean"]
    heads = ["", "linear SVM on Caltech-101, %", "mean over classes, %", "trained for"]
    return markdown(heads, sorted(found, key=lambda line: found[line]))


def _value(row: dict[str, Any], column: dict[str, Any]) -> str:
    value = row["values"].get(column["protocol"], {}).get(column["metric"])
    return "-" if value is None else f"{value['mean']:.1f} ± {value['std']:.1f}"


def _minutes(row: dict[str, Any]) -> str:
    return "-" if row["cost"] is None else f"{row['cost']['minutes']:.0f}"


def starts() -> str:
    """Accuracy on Caltech-101 from scratch, by first weights."""
    rows = results().get("magic_init", {"rows": {}})["rows"]
    lines = [[name, f"{row['accuracy']:.1f} ± {row.get('spread', 0):.1f}"] for name, row in rows.items()]
    return markdown(["first weights", "accuracy after equal steps, %"], lines)


def image_speed() -> str:
    """Views against lightly, neighbours against scikit-learn and lightly."""
    found, lines = results(), []
    for side, rates in found.get("views", {"images_per_s": {}})["images_per_s"].items():
        what = f"two views of {side} pixels: lightly, lessup"
        ours, theirs = rates["lessup"], rates["lightly"]
        lines.append([what, f"{theirs:,.0f} images/s", f"{ours:,.0f} images/s", f"{ours / theirs:.2f}"])
    seconds = found.get("knn", {}).get("seconds", {})
    pairs = [("scikit-learn", "cosine"), ("scikit-learn", "euclidean"), ("lightly", "with vote")]
    for other, kind in pairs if seconds else []:
        ours, theirs = seconds[f"lessup, {kind}"], seconds[f"{other}, {kind}"]
        lines.append([f"neighbours, {kind}: {other}, lessup", f"{theirs} s", f"{ours} s", f"{theirs / ours:.2f}"])
    return markdown(["what", "against", "lessup", "times"], lines)


def speed() -> str:
    """What was timed against what, and the ratio."""
    found = results()
    lines: list[list[str]] = []
    if "vconv_dae_speed" in found:
        for step, best in found["vconv_dae_speed"]["best"].items():
            plain, ours = best["plain"], best["vconv-dae"]
            what = f"vconv-dae, {step}: plain PyTorch, lessup"
            lines.append([what, f"{plain:.1f} volumes/s", f"{ours:.1f} volumes/s", f"{ours / plain:.2f}"])
    if "voxelizer" in found:
        one = found["voxelizer"]
        what = f"solid voxels of {one['meshes']} meshes: trimesh, lessup"
        times = f"{one['seconds_trimesh']:.1f} s", f"{one['seconds_ours']:.2f} s"
        lines.append([what, *times, f"{one['times_faster_in_total']:.0f}"])
    if "startup" in found:
        seconds = found["startup"]["seconds"]
        alone = f"{seconds['python, nothing']:.3f} s"
        commands = ("import lessup", "lessup --help")
        lines += [[f"{what}: Python alone, lessup", alone, f"{seconds[what]:.3f} s", "-"] for what in commands]
    return markdown(["what", "against", "lessup", "times"], lines)


def image_cache() -> str:
    """Seconds to index, to decode and to open again."""
    heads = {"index": "index", "first": "the first time", "again": "again"}
    rows = results().get("image_cache", {"seconds": {}})["seconds"]
    lines = [[name, *(f"{row[key]:.1f}" if key in row else "-" for key in heads)] for name, row in rows.items()]
    return markdown(["seconds", *heads.values()], lines)


def batch_norm() -> str:
    """Updates until a fixed accuracy on held-out images, with and without batch normalisation."""
    one = results().get("batch_norm")
    if not one:
        return "**Not run.**"
    limit, lines = one["settings"]["steps"], []
    for row, found in one["rows"].items():
        reached = ", ".join(str(updates or f"not in {limit}") for updates in found["updates"])
        lines.append([row, reached, ", ".join(f"{best:.1f}" for best in found["best"])])
    return markdown(["batch normalisation, rate", f"updates until {one['settings']['target']:g} %", "best, %"], lines)


def precision() -> str:
    """Images a second in float32 and in bfloat16 on a CPU."""
    rows = results().get("precision", {"images_per_s": {}})["images_per_s"]
    lines = [[name, f"{row['32']:,}", f"{row['bf16']:,}", f"{row['times']:.2f}"] for name, row in rows.items()]
    return markdown(["recipe", "float32, images/s", "bf16, images/s", "times"], lines)


def provenance() -> str:
    """Command, commit, machine and time of every result."""
    lines = []
    for name, one in results().items():
        machine = one["machine"]
        place = machine.get("gpu") or f"{machine['cpu']}, {machine['threads']} threads"
        spent = f"{one['seconds_training'] / 60:.0f} min" if "seconds_training" in one else "-"
        lines.append([name, f"`{one['command']}`", one["commit"], one["date"], place, spent])
    return markdown(["result", "command", "commit", "date", "machine", "training"], lines)


TABLES: dict[str, Callable[[], str]] = {
    "repair": repair,
    "classification": classification,
    "pretext": pretext,
    "fringes": fringes,
    "mnist": mnist,
    "inpainting": inpainting,
    "labels": labels,
    "transfer": transfer,
    "worth": worth,
    "starts": starts,
    "image_speed": image_speed,
    "speed": speed,
    "image_cache": image_cache,
    "sound_textures": sound_textures,
    "ambient_sound": ambient_sound,
    "ambient_sound_published": ambient_sound_published,
    "tracked_patches": tracked_patches,
    "batch_norm": batch_norm,
    "egomotion": egomotion,
    "egomotion_video": egomotion_video,
    "faces": faces,
    "precision": precision,
    "dense_crf": dense_crf,
    "masks": masks,
    "localization": localization,
    "pooling": pooling,
    "few_labels": few_labels,
    "advice": advice,
    "skip_gram": skip_gram,
    "skip_gram_batches": skip_gram_batches,
    "skip_gram_speed": skip_gram_speed,
    "semi_supervised": semi_supervised,
    "label_spreading_speed": label_spreading_speed,
    "zero_shot": zero_shot,
    "named_classes": named_classes,
    "few_shot": few_shot,
    "provenance": provenance,
}


def filled(page: str) -> str:
    """Return a page with every marked table written anew."""

    def table(mark: re.Match[str]) -> str:
        return f"<!-- table: {mark[1]} -->\n\n{TABLES[mark[1]]()}\n\n<!-- end -->"

    return re.sub(r"<!-- table: (\w+) -->.*?<!-- end -->", table, page, flags=re.DOTALL)


def main() -> int:
    """Write or check every page."""
    stale = []
    for path in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        page = path.read_text(encoding="utf-8")
        if filled(page) != page:
            stale.append(str(path.relative_to(ROOT)))
            if "--check" not in sys.argv:
                path.write_text(filled(page), encoding="utf-8")
    print(f"{'out of date' if '--check' in sys.argv else 'written'}: {', '.join(stale) or 'nothing'}")
    return int("--check" in sys.argv and bool(stale))


if __name__ == "__main__":
    sys.exit(main())
