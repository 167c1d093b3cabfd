"""From tags to masks on data whose masks are known: one segmenter on the labels of every row of the paper.

    python benchmarks/garments.py --out runs/data/garments
    python benchmarks/tags_to_masks.py --data runs/data/garments --out masks-garments --device cuda --jobs 3

After Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017. The stages are those of
`lessup segment`, and so is their folder, runs/benchmarks/OUT; the network that finds seeds is trained once a seed.

| row | what the segmenter learns from | settings of `lessup segment` |
| --- | --- | --- |
| seeds | seeds alone | `--guide seeds` |
| saliency | the commonest of the image's tags for all that is salient | `--guide saliency` |
| g0 | a random class for every salient region | `--guide g0` |
| g1 | the tag that the network which finds seeds sees in every salient region | `--guide g1` |
| contrast | seeds spread through what is salient by its colours alone | `--saliency contrast` |
| g2 | seeds spread through what is salient | the defaults |
| oracle | the same with the true foreground as saliency | `--saliency oracle` |
| full | true masks | `--guide masks` |

Backbone, updates, batches and dense CRF are equal in all rows, and rows of one seed share seeds and threshold, which is
chosen without masks. Rows that look at masks learn from the training images that have one, so on garments from 500 in
place of 1,594: then oracle and full differ in the class of the foreground alone, and g2 has more images than either.
Scores are those of the protocol `masks` on the test part. FS% is 100 times the mean IoU over that of full.

Also measured, on training images with a mask and used nowhere: precision and recall of the seeds and mP; the mean IoU
of all guide labels; and that of G2 at a grid of thresholds, beside the one that was chosen without masks.

Results are written after every row; the same command goes on where it was stopped. `--jobs` seeds run side by side,
each in a process of its own. The contact sheet shows test images; their seeds and guide labels come from true tags.
"""

import argparse
import fcntl
import json
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import mask_sheet
import record
from lessup import data as sources
from lessup import training as fitting
from lessup.evaluation import Score
from lessup.evaluation.masks import Masks
from lessup.masks.fine_maps import FineMaps
from lessup.masks.overlays import painted, photograph
from lessup.masks.saliency import saliency
from lessup.masks.stages import place, seed_maps, tagged_maps
from lessup.methods import Classifier
from lessup.runs import Run
from lessup.runs.duration import training_seconds
from lessup.runs.provenance import machine
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.samples.spacing import evenly_spaced
from lessup.samples.splits import Split
from lessup.verbs.tag_stages import FromTagsConfig, TagStages, learnt_from
from mask_quality import counted, guided, label_quality, seed_quality, thresholds

ROWS: Mapping[str, Mapping[str, str]] = {
    "seeds": {"guide": "seeds"},
    "saliency": {"guide": "saliency"},
    "g0": {"guide": "g0"},
    "g1": {"guide": "g1"},
    "contrast": {"saliency": "contrast"},
    "g2": {},
    "oracle": {"saliency": "oracle"},
    "full": {"guide": "masks"},
}
SHOWN = 12
"""Test images on the contact sheet."""


@dataclass(frozen=True)
class Known:
    """Data whose masks are known.

    Attributes:
        train: images that are learnt from, with the masks that there are.
        test: images with masks.
    """

    train: Images
    test: Images


def main() -> None:
    """Run every seed, in processes of their own if several are to run side by side."""
    asked = arguments()
    check_settings(asked)
    todo = [seed for seed in asked.seeds if not is_done(asked, seed)]
    if todo:
        known = read(asked)
        if len(todo) > 1 < asked.jobs:
            stages_of(asked, known, todo[0]).saliency()  # which all seeds share
            side_by_side(asked, todo)
        else:
            for seed in todo:
                one_seed(asked, known, seed)
    write(asked, content_of(asked))


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="what garments.py or cut_outs.py wrote")
    parser.add_argument("--out", required=True, help="name of the result and of the folder under runs/benchmarks")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rows", nargs="+", choices=ROWS, default=[*ROWS], help="in this order")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--backbone", default=FromTagsConfig.backbone)
    parser.add_argument("--weights", default=FromTagsConfig.weights, help="empty: random")
    parser.add_argument("--seeder-steps", type=int, default=0, help="0: those of the recipe cpu of cam")
    parser.add_argument("--segmenter-steps", type=int, default=0, help="0: those of the recipe cpu of deeplab")
    parser.add_argument("--images", type=int, default=0, help="take so many of each part, evenly spaced; 0: all")
    parser.add_argument("--grid-images", type=int, default=100, help="on which G2 is compared at a grid of thresholds")
    parser.add_argument("--jobs", type=int, default=1, help="seeds at once")
    parser.add_argument("--sheet", type=int, help="seed that the contact sheet shows; the first if not given")
    asked = parser.parse_args()
    asked.sheet = asked.seeds[0] if asked.sheet is None else asked.sheet
    return asked


def settings(asked: argparse.Namespace) -> dict[str, Any]:
    """Return what must not change when results are added to."""
    names = ("data", "backbone", "weights", "seeder_steps", "segmenter_steps", "images", "grid_images")
    return {name: getattr(asked, name) for name in names}


def check_settings(asked: argparse.Namespace) -> None:
    """End where the results that are there were got with other settings."""
    there = content_of(asked).get("settings", settings(asked))
    if there != settings(asked):
        sys.exit(f"results/{asked.out}.json holds {there}, asked for is {settings(asked)}: pass another --out")


def is_done(asked: argparse.Namespace, seed: int) -> bool:
    """Tell whether all rows of a seed are there."""
    rows = content_of(asked).get("seeds", {}).get(str(seed), {}).get("rows", {})
    return set(asked.rows) <= set(rows)


def side_by_side(asked: argparse.Namespace, seeds: list[int]) -> None:
    """Run every seed in a process of its own, a few at once; what they say on standard error goes into files."""
    flags = {"--data": asked.data, "--out": asked.out, "--device": asked.device, "--sheet": asked.sheet}
    flags |= {f"--{name.replace('_', '-')}": value for name, value in settings(asked).items()}
    words = [str(word) for flag in flags.items() for word in flag] + ["--rows", *asked.rows]
    for start in range(0, len(seeds), asked.jobs):
        running = []
        for seed in seeds[start : start + asked.jobs]:
            with (folder(asked) / f"seed-{seed}.log").open("w") as log:
                running.append(subprocess.Popen([sys.executable, __file__, *words, "--seeds", str(seed)], stderr=log))
        if failed := [one.args[-1] for one in running if one.wait()]:  # type: ignore[index]
            sys.exit(f"seeds {', '.join(map(str, failed))} failed: see {folder(asked)}/seed-*.log")


def read(asked: argparse.Namespace) -> Known:
    """Read the data, or a part of it."""
    samples = sources.load(asked.data, Reading())
    train, notes = learnt_from(samples, asked.data)
    print(*notes, sep="\n", file=sys.stderr)
    test = samples.take(np.flatnonzero((samples.official == "test") & samples.masked()))
    return Known(train=some(train, asked.images), test=some(test, asked.images))


def some(images: Images, count: int) -> Images:
    """Return images evenly spaced; all for a count of 0."""
    if not 0 < count < len(images):
        return images
    taken = images.take(evenly_spaced(len(images), count))
    return replace(taken, fingerprint=f"{count} of {images.fingerprint}")


def stages_of(asked: argparse.Namespace, known: Known, seed: int, **row: Any) -> TagStages:
    """Return the stages of one row."""
    names = ("backbone", "weights", "seeder_steps", "segmenter_steps")
    config = FromTagsConfig(seed=seed, **{name: getattr(asked, name) for name in names}, **row)
    images, truth = replace(known.train, masks=None), known.train.masks
    return TagStages(images, truth, asked.data, folder(asked), config, Reading(), asked.device)


def one_seed(asked: argparse.Namespace, known: Known, seed: int) -> None:
    """Measure what is not there yet."""
    stages = stages_of(asked, known, seed)
    with timed(asked, seed, "saliency"):
        salient = stages.saliency()
    with timed(asked, seed, "seeder and seeds"):
        seeds = stages.seeds()
    keep(asked, seed, "seconds", "seeder", round(trained_for(stages.seeder_place()), 1))
    threshold = stages.threshold(seeds)
    if "seeds" not in content_of(asked)["seeds"][str(seed)]:
        with timed(asked, seed, "seeds and thresholds against masks"):
            keep(asked, seed, "seeds", "all", seed_quality(known.train, seeds))
            keep(
                asked,
                seed,
                "threshold",
                "g2",
                thresholds(known.train, seeds, salient, threshold, count=asked.grid_images),
            )
    for row in asked.rows:
        if row not in content_of(asked)["seeds"][str(seed)].get("rows", {}):
            one_row(asked, known, seed, row, threshold)
            if seed == asked.sheet:
                contact_sheet(asked, known, stages, threshold)


def one_row(asked: argparse.Namespace, known: Known, seed: int, row: str, threshold: float) -> None:
    """Train the segmenter of a row and measure it."""
    stages = stages_of(asked, known, seed, threshold=threshold, **ROWS[row])
    with timed(asked, seed, f"{row}: labels"):
        labels, _ = stages.labels()
    keep(asked, seed, "guides", row, label_quality(known.train, labels.maps))
    with timed(asked, seed, f"{row}: segmenter"):
        segmenter, run = stages.segmenter(labels)
    keep(asked, seed, "seconds", f"{row}: updates", round(trained_for(run), 1))
    with timed(asked, seed, f"{row}: test"):
        nothing = known.test.take(np.arange(0))
        parts = Split(train=nothing, validation=nothing, test=known.test)
        result = Masks(Masks.Config(pictures=SHOWN)).measure(segmenter, parts)
    if seed == asked.sheet:
        np.savez_compressed(folder(asked) / f"shown-{row}.npz", **result.figures)
    means = {kind: {metric: score.mean for metric, score in of.items()} for kind, of in result.rows.items()}
    for trivial in ("background", "tag_prior"):
        keep(asked, seed, "trivial", trivial, means.pop(trivial))
    keep(asked, seed, "rows", row, means)
    print(f"seed {seed}, {row}: mean IoU {means['model']['mean_iou']:.1f}, CRF {means['model_crf']['mean_iou']:.1f}")


def contact_sheet(asked: argparse.Namespace, known: Known, stages: TagStages, threshold: float) -> None:
    """Draw a line a test image: image, truth, seeds, guide labels, and what each row finds, with CRF."""
    drawn = {row: folder(asked) / f"shown-{row}.npz" for row in asked.rows}
    found = {row: dict(np.load(path)) for row, path in drawn.items() if path.is_file()}
    places = evenly_spaced(len(known.test), SHOWN)
    shown = known.test.take(places)
    seeder = fitting.restore(Run.open(stages.seeder_place()), device=stages.device)
    assert isinstance(seeder, Classifier)
    at = place(folder(asked), "shown", len(places), stages.seeder_place().name)
    seeds = seed_maps(at, shown, tagged_maps(FineMaps(seeder), shown))
    lines = []
    for number in range(len(shown)):
        pixels, truth = photograph(shown.pixels[number]), counted(shown, number)
        seed, guide = guided(shown, number, seeds[number], threshold, saliency(pixels))
        height, width = truth.shape
        rows = [each["example_model_crf"][number, :height, :width].astype(np.int64) for each in found.values()]
        lines.append([pixels, *(painted(pixels, labels) for labels in (truth, seed, guide, *rows))])
    path = record.RESULTS / f"{asked.out}.png"
    mask_sheet.write(path, lines)
    print(f"{path.name}: image, truth, seeds, G2, {', '.join(found)}")


def trained_for(place: Path) -> float:
    """Return the seconds of a run's updates."""
    run = Run.open(place)
    return training_seconds(run.metrics(), run.config["training"]["batch_size"]) or 0.0


def folder(asked: argparse.Namespace) -> Path:
    """Return where stages are kept."""
    path = record.ROOT / "runs" / "benchmarks" / asked.out
    path.mkdir(parents=True, exist_ok=True)
    return path


@contextmanager
def timed(asked: argparse.Namespace, seed: int, what: str) -> Iterator[None]:
    """Say how long something took, and keep it where it took long enough not to have been there already."""
    start = time.perf_counter()
    yield
    spent = time.perf_counter() - start
    print(f"seed {seed}, {what}: {spent:.1f} s", flush=True)
    if what not in content_of(asked).get("seeds", {}).get(str(seed), {}).get("seconds", {}):
        keep(asked, seed, "seconds", what, round(spent, 1))


def content_of(asked: argparse.Namespace) -> dict[str, Any]:
    """Return the results that are there."""
    path = record.RESULTS / f"{asked.out}.json"
    content: dict[str, Any] = json.loads(path.read_text()) if path.is_file() else {}
    return content


def keep(asked: argparse.Namespace, seed: int, section: str, name: str, value: Any) -> None:
    """Add something to the results of a seed; other processes may add theirs at the same time."""
    with (folder(asked) / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        content = content_of(asked)
        of_seed = content.setdefault("seeds", {}).setdefault(str(seed), {"machine": machine()})
        of_seed.setdefault(section, {})[name] = value
        write(asked, content)


def write(asked: argparse.Namespace, content: Mapping[str, Any]) -> None:
    """Write the results with the table over all seeds; the machine is the one that they were measured on."""
    seeds = dict(sorted(content.get("seeds", {}).items(), key=lambda one: int(one[0])))
    on = next((of_seed["machine"] for of_seed in seeds.values()), machine())
    record.write(
        asked.out, {"machine": on, "settings": settings(asked), "table": table([*seeds.values()]), "seeds": seeds}
    )


def table(seeds: list[Mapping[str, Any]]) -> dict[str, Any]:
    """Return mean, spread and number over seeds of every row's scores, and FS%: its share of full supervision."""
    lines: dict[str, dict[str, list[float]]] = {}
    for of_seed in seeds:
        rows = {**{name: {"model": of} for name, of in of_seed.get("trivial", {}).items()}, **of_seed.get("rows", {})}
        for row, scores in rows.items():
            for kind, of_kind in scores.items():
                values = dict(of_kind)
                full = of_seed.get("rows", {}).get("full", {}).get(kind)
                if full:
                    values["fs"] = 100 * values["mean_iou"] / full["mean_iou"]
                line = lines.setdefault(row + kind.removeprefix("model"), {})
                for metric, value in values.items():
                    line.setdefault(metric, []).append(value)
    return {row: {metric: vars(Score.of(values)) for metric, values in of_row.items()} for row, of_row in lines.items()}


if __name__ == "__main__":
    main()
