"""Train `ambient-sound` on a few clips with every target, and its control, and ask for the sound of held-out clips.

    python benchmarks/ambient_sound.py --data ../shared/data/video-with-sound.tar

Each seed holds out another share of the clips. Beside the runs, a linear machine on features that were learnt from the
labels of ImageNet is asked the same: what it cannot tell, so few clips do not teach. Runs stay in runs/benchmarks/; one
that is done is taken as it is, with its scores. So few clips prove that everything works together, and say nothing
about what the features are good for.
"""

import argparse
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import record
from lessup import data, training
from lessup.backbones import build, flat
from lessup.backbones.weights import IMAGENET, begin_from
from lessup.evaluation.sound_prediction import answer_scores, exchanged
from lessup.experiments import Settings, settings
from lessup.methods.ambient_sound import AmbientSound
from lessup.runs import Run
from lessup.samples import Reading
from lessup.samples.clip_frames import heard
from lessup.samples.images import Images
from lessup.samples.splits import Folds, split
from lessup.transforms.crops import resize_whole
from lessup.verbs.measurement import evaluate
from lessup.verbs.training import train

METRICS = ("accuracy", "class_mean")

EXCHANGES = 1000

ROWS: dict[str, dict[str, Any]] = {
    "cluster": {"target": "cluster"},
    "cluster, sounds shuffled in training": {"target": "cluster", "shuffled": True},
    "binary": {"target": "binary"},
    "spectrum": {"target": "spectrum"},
    "spectrum, sounds shuffled in training": {"target": "spectrum", "shuffled": True},
}

CEILINGS = ("cluster", "spectrum")
"""Rows whose clusters are also asked of ImageNet's features."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True, help="videos with sound")
    parser.add_argument("--seeds", type=int, default=5, help="each holds out one of as many shares of the clips")
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--rows", nargs="+", default=[*ROWS], choices=[*ROWS])
    parser.add_argument("--device", default="cpu")
    return parser.parse_args()


def folder_of(row: str, seed: int) -> Path:
    """Return the run folder of a row."""
    return record.ROOT / "runs" / "benchmarks" / f"ambient-sound-{row.replace(', ', '-').replace(' ', '-')}-seed{seed}"


def measured(row: str, seed: int, asked: argparse.Namespace) -> dict[str, Any]:
    """Train one run, unless it is done, and return its scores."""
    out = folder_of(row, seed)
    asked_for = settings(
        "ambient-sound",
        asked.data,
        config=ROWS[row],
        training={"steps": asked.steps, "batch_size": asked.batch_size, "seed": seed, "device": asked.device},
        reading=Reading(),
        folds=replace(Folds(), folds=asked.seeds, fold=seed),
    )
    if not (out / "checkpoints" / "last.ckpt").exists():
        out.parent.mkdir(parents=True, exist_ok=True)
        train(asked_for, out, overwrite=out.exists())
    scores = Run.open(out).scores().get("sound-prediction") or evaluate(out, "sound-prediction", device=asked.device)
    print(
        row, seed, {name: round(values["accuracy"]["mean"], 1) for name, values in scores["rows"].items()}, flush=True
    )
    return scores


def recorded(scores: dict[str, Any]) -> dict[str, Any]:
    """Return what is recorded of the scores of one run."""
    kept = {
        metric: {name: values[metric]["mean"] for name, values in scores["rows"].items() if metric in values}
        for metric in METRICS
    }
    return {**kept, "notes": scores["notes"]}


@cache
def frames_of(path: str) -> tuple[Images, NDArray[np.float32]]:
    """Return the frames of clips, and their (N, D) features of a network that has learnt from ImageNet's labels."""
    frames = data.load(path, Reading(), reads=AmbientSound.reads)
    assert isinstance(frames, Images)
    backbone = build("efficientnet-lite0", channels=3).eval()
    begin_from(IMAGENET, backbone)
    parts = []
    with torch.inference_mode():
        for start in range(0, len(frames), 32):
            batch = frames.batch(np.arange(start, min(start + 32, len(frames))))
            x = backbone.normalised(resize_whole(batch["image"], batch["extent"], backbone.size))
            parts.append(flat(backbone.features(x, ("pool",))["pool"]).numpy())
    return frames, np.concatenate(parts)


def ceiling(run: Run, path: str) -> dict[str, Any]:
    """Ask a linear machine on ImageNet's features for the clusters of a run, on the frames that the run held out."""
    frames, features = frames_of(path)
    method = training.restore(run)
    assert isinstance(method, AmbientSound)
    parts = split(frames, Settings.of(run.config).folds)
    place = {name: number for number, name in enumerate(frames.id.tolist())}
    x, right, group = [], [], []
    for part in (parts.train, parts.test):
        assert isinstance(part, Images)
        known = part.take(np.flatnonzero(heard(part)))
        assert known.moments is not None
        x.append(features[[place[name] for name in known.id.tolist()]])
        right.append(method.targets(torch.from_numpy(np.array(known.moments.texture))).numpy())
        group.append(known.group)
    mean, spread = x[0].mean(0), x[0].std(0) + 1e-6
    x = [(one - mean) / spread / np.sqrt(x[0].shape[1]) for one in x]
    told = LogisticRegression(C=10, max_iter=500).fit(x[0], right[0]).predict(x[1])
    others = exchanged(told, right[1], group[1], exchanges=EXCHANGES, seed=0)
    own = answer_scores(told, right[1])
    return {
        metric: {"exchanged": float(np.mean([one[metric].mean for one in others])), "model": own[metric].mean}
        for metric in METRICS
    }


def main() -> None:
    """Train and measure every row over the seeds, and record."""
    asked = arguments()
    rows: dict[str, list[dict[str, Any]]] = {row: [] for row in asked.rows}
    fingerprint = ""
    for seed in range(asked.seeds):
        for row in asked.rows:
            scores = measured(row, seed, asked)
            fingerprint = scores["fingerprint"]
            rows[row].append(recorded(scores))
    for row in (row for row in asked.rows if row in CEILINGS):
        runs = [Run.open(folder_of(row, seed)) for seed in range(asked.seeds)]
        rows[f"{row}, ImageNet's features"] = [ceiling(run, asked.data) for run in runs]
    told = {"steps": asked.steps, "batch_size": asked.batch_size, "seeds": asked.seeds, "fingerprint": fingerprint}
    record.write("ambient_sound", {**told, "rows": rows})


if __name__ == "__main__":
    main()
