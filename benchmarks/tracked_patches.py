"""Mine pairs of patches of videos, look at them, and find a patch again among a thousand others.

    python benchmarks/tracked_patches.py mine
    python benchmarks/tracked_patches.py sheet --same 98 --judge "one of the developers"
    python benchmarks/tracked_patches.py loss
    python benchmarks/tracked_patches.py retrieval --folds 4 --seeds 3 [--colour grey]

``mine`` lays out the clips of both archives, mines them anew at 240 pixels and times it. ``sheet`` draws 100 pairs,
whose two patches stand beside one another, writes them to docs/methods/video-triplets.png, and takes down how many of
them show the same thing in both, as counted by eye. ``loss`` times the loss. ``retrieval`` trains the recipe ``cpu``
with every fold of whole clips held out, with random negatives alone and with hard ones in the second half; the first
patch of each pair of a clip that was held out then asks for its second among 1,000 windows of other such clips, as
large, at random places and times. With ``--colour grey`` nothing has colours, which give most clips away.
"""

import argparse
import os
import resource
import shutil
import tarfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch.nn.functional import normalize

import mask_sheet
import record
from lessup import data, verbs
from lessup.backbones import weights
from lessup.data.tracked_pairs import PREFIX
from lessup.evaluation import Score
from lessup.experiments import Settings
from lessup.features import encode_layers, joined, raw_pixels, untrained
from lessup.formats.file_tree import open_tree
from lessup.formats.pair_files import CLIPS, parse_clips
from lessup.formats.table import table_rows
from lessup.losses.ranking import ranking_loss
from lessup.methods.video_triplets import VideoTriplets, cpu
from lessup.probes.reference_rows import settle
from lessup.samples import Reading
from lessup.samples.clips import Clips
from lessup.samples.images import Images, Ragged
from lessup.samples.pair_mining import mined
from lessup.samples.splits import Folds, split
from lessup.transforms.draws import Draws
from lessup.transforms.triplets import triplets

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
VIDEOS = Path("runs/data/videos")
SHEET = record.ROOT / "docs" / "methods" / "video-triplets.png"
READING = Reading(size=240)
OTHERS = 1000
SHOWN = 100
PIXELS = 32
"""Side at which pixels are compared."""

LAYERS = ("pool5", "fc7")
"""The layer that the paper compares images by, and the one that the loss ranks."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("mine", "sheet", "loss", "retrieval"))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of video-with-sound.tar and video-silent.tar")
    parser.add_argument("--same", type=int, help="of the 100 pairs of the sheet, how many show the same thing")
    parser.add_argument("--judge", default="", help="who counted")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=cpu().training.steps)
    parser.add_argument("--colour", choices=("rgb", "grey"), default="rgb")
    parser.add_argument("--threads", type=int, default=1)
    return parser.parse_args()


def lay_out(archives: Path) -> None:
    """Unpack both archives, once."""
    for name in ("video-with-sound", "video-silent"):
        if not (VIDEOS / name).is_dir():
            with tarfile.open(archives / f"{name}.tar") as tar:
                tar.extractall(VIDEOS, filter="data")


def mine() -> None:
    """Mine all clips anew, and record pairs, windows dropped, and seconds of video a second."""
    tree = open_tree(VIDEOS)
    place = mined(tree, tree.names(), READING)
    shutil.rmtree(place)
    start, before = time.perf_counter(), _cpu_seconds()
    place = mined(tree, tree.names(), READING)
    spent, worked = time.perf_counter() - start, _cpu_seconds() - before
    clips = parse_clips(table_rows((place / CLIPS).read_bytes(), CLIPS), CLIPS)
    seconds = sum(clip.index.seconds for clip in _clips().clips)
    dropped: dict[str, int] = {}
    for clip in clips:
        for reason, count in clip.dropped.items():
            dropped[reason] = dropped.get(reason, 0) + count
    figures = {
        "clips": len(clips),
        "clips_with_pairs": sum(clip.num_pairs > 0 for clip in clips),
        "frames": sum(clip.num_frames for clip in clips),
        "pairs": sum(clip.num_pairs for clip in clips),
        "dropped": dropped,
        "seconds_of_video": seconds,
        "seconds": spent,
        "cpu_seconds": worked,
        "cores": len(os.sched_getaffinity(0)),
        "times_real_time": seconds / spent,
        "times_real_time_a_core": seconds / worked,
    }
    print(figures)
    record.write("tracked_patches_mining", figures)


def _cpu_seconds() -> float:
    """Return the seconds that this process, and those that it started and that have ended, kept a core busy."""
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def sheet(same: int | None, judge: str) -> None:
    """Write the contact sheet; record the count if there is one."""
    pairs = _pairs()
    number = np.random.default_rng(0).permutation(len(pairs.classes))[:SHOWN]
    shown = [pairs.pixels[place] for n in np.sort(number) for place in np.flatnonzero(pairs.label == n)]
    tiles = [_square(one) for one in shown]
    for place, tile in enumerate(tiles):  # white around each pair
        tile[:4] = 255
        tile[:, slice(-6, None) if place % 2 else slice(0, 6)] = 255
    mask_sheet.write(SHEET, [tiles[start : start + 20] for start in range(0, len(tiles), 20)], largest=900_000)
    if same is not None:
        record.write("tracked_patches_sheet", {"pairs": len(number), "same": same, "judge": judge})


def retrieval(folds: int, seeds: int, steps: int, colour: Literal["rgb", "grey"]) -> None:
    """Train, find patches again, and record every row with its spread over seeds, each of which asks for every pair."""
    reading = replace(READING, colour=colour)
    clips, pairs = _clips(reading), _pairs(reading)
    found: dict[str, list[float]] = {}
    for seed in range(seeds):
        right: dict[str, list[bool]] = {}
        for fold in range(folds):
            settings = verbs.settings(
                "video-triplets",
                f"{PREFIX}{VIDEOS}",
                training={"steps": steps, "seed": seed, "device": "cpu"},
                reading=reading,
                folds=Folds(folds=folds, fold=fold, whole_classes=True),
            )
            parts = split(pairs, settings.folds)
            assert isinstance(parts.train, Images)
            assert isinstance(parts.test, Images)
            others = windows(clips, parts.test, seed)
            for row, own, far in _rows(settings, parts.train, parts.test, others):
                right.setdefault(row, []).extend(found_again(parts.test, others, own, far))
                print(f"seed {seed}, folds to {fold}, {row}: {100 * np.mean(right[row]):.1f}", flush=True)
        for row, each in right.items():
            found.setdefault(row, []).append(100 * float(np.mean(each)))
    rows = {"chance": Score(100 / (OTHERS + 1)), **{row: Score.of(values) for row, values in found.items()}}
    figures = {
        "data": str(VIDEOS),
        "fingerprint": pairs.fingerprint,
        "pairs": len(pairs.classes),
        "others": OTHERS,
        "settings": {"folds": folds, "seeds": seeds, "steps": steps, "colour": colour, "recipe": "cpu"},
        "rows": {row: vars(score) for row, score in rows.items()},
        "values": found,
    }
    record.write("tracked_patches" if colour == "rgb" else "tracked_patches_grey", figures)


def _rows(
    settings: Settings, train: Images, asked: Images, others: Images
) -> Iterator[tuple[str, NDArray[np.float32], NDArray[np.float32]]]:
    """Yield what patches are compared by, with the codes of those that ask and answer, and of the others."""
    yield "colours", colours(asked), colours(others)
    yield "pixels", raw_pixels(asked, PIXELS), raw_pixels(others, PIXELS)
    for row, network in _networks(settings, train).items():
        layers = LAYERS if "fc7" in network.layers else ("pool",)
        own, far = encode_layers(network, asked, layers), encode_layers(network, others, layers)
        for layer in layers:
            yield f"{row}, {layer}", joined([own[layer]]), joined([far[layer]])


def _networks(settings: Settings, train: Images) -> dict[str, VideoTriplets]:
    """Return the trained networks, one with random weights, and, once, one with those of ImageNet."""
    seed, steps = settings.training.seed, settings.training.steps
    found = {}
    for row, after in {"random negatives": steps, "hard negatives": steps // 2}.items():
        asked = replace(settings, config=replace(settings.config, hard_after=after))
        name = f"{settings.reading.colour}-fold{settings.folds.fold}-seed{seed}-hard{after}"
        found[row] = verbs.load(verbs.train(asked, f"runs/benchmarks/triplets-{name}", overwrite=True).path)[1]
    fresh = untrained(found["hard negatives"], seed)
    with torch.no_grad():
        settle(fresh.backbone, fresh.prepared(train.batch(np.arange(min(len(train), 200)))))
    rows = {"random weights": fresh, **found}
    if not seed and train.channels == 3:
        rows["ImageNet"] = VideoTriplets(replace(settings.config, backbone="efficientnet-lite0")).eval()
        weights.load(rows["ImageNet"].backbone, weights.IMAGENET)
    return rows


def loss() -> None:
    """Time the choice of random and of hard negatives and their loss, at the published width and batch."""
    pair = torch.arange(100) // 2
    code = normalize(torch.rand(100, 1024, generator=torch.Generator().manual_seed(0)), dim=1)
    found = {}
    for row, hardest in {"random": 0, "hard": 2}.items():
        spent = []
        for step in range(200):
            start = time.process_time()
            near = code @ code.T
            made = triplets(near, pair, Draws.at(0, step), margin=0.5, count=4, hardest=hardest)
            ranking_loss(near, made.anchor, made.positive, made.negative, made.active, margin=0.5)
            spent.append(1e3 * (time.process_time() - start))
        found[row] = int(made.active.sum()) / float(np.median(spent))
    print(found)
    record.write("tracked_patches_loss", {"triplets_per_ms": found, "batch": len(code), "width": code.shape[1]})


def windows(clips: Clips, asked: Images, seed: int) -> Images:
    """Draw at least as many windows as are needed of the clips that some pairs are of; ``group`` tells the clip."""
    random = np.random.default_rng(seed)
    group_of = {
        asked.classes[label].rpartition(" ")[0]: group for label, group in zip(asked.label, asked.group, strict=True)
    }
    each = -(-OTHERS // (len(group_of) - 1))
    cut: list[NDArray[np.uint8]] = []
    for name in group_of:
        number = int(np.flatnonzero(clips.id == name)[0])
        count = len(clips.clips[number].index.time)
        wanted = np.bincount(random.integers(0, count, each), minlength=count)
        for (_, frame), times in zip(clips.frames(number), wanted, strict=True):
            side = round(0.5 * min(frame.shape[:2]))
            for _ in range(times):
                top, left = random.integers(0, np.array(frame.shape[:2]) - side + 1)
                cut.append(frame[top : top + side, left : left + side].copy())
    group = np.repeat([*group_of.values()], each)
    blank = np.full(len(cut), -1)
    ids = np.array([str(n) for n in range(len(cut))])
    return replace(asked, pixels=Ragged.of(cut), id=ids, label=blank, group=group, paired=False, original=None)


def found_again(asked: Images, others: Images, own: NDArray[np.float32], far: NDArray[np.float32]) -> list[bool]:
    """Tell of each pair whether its first patch lies nearer to its second than to 1,000 windows of other clips.

    Args:
        asked: M pairs.
        others: windows, more than 1,000 of clips other than that of any pair.
        own: (2 M, D) codes of the patches.
        far: (N, D) codes of the windows.
    """
    right = []
    for label in np.unique(asked.label):
        query, answer = np.flatnonzero(asked.label == label)
        allowed = np.flatnonzero(others.group != asked.group[query])[:OTHERS]
        assert len(allowed) == OTHERS, "as many windows were drawn"
        nearest = np.square(far[allowed] - own[query]).sum(1).min()
        right.append(bool(np.square(own[answer] - own[query]).sum() < nearest))
    return right


def colours(images: Images) -> NDArray[np.float32]:
    """Return (N, 4^C) roots of the shares of the pixels of each colour, a channel in four; where things are is lost."""
    places = 4 ** np.arange(images.channels)
    counts = [
        np.bincount(((image >> 6) @ places).ravel(), minlength=4**images.channels) / image[..., 0].size
        for image in (images.pixels[n] for n in range(len(images)))
    ]
    return np.sqrt(counts).astype(np.float32)


def _pairs(reading: Reading = READING) -> Images:
    pairs = data.load(f"{PREFIX}{VIDEOS}", reading)
    assert isinstance(pairs, Images)
    return pairs


def _clips(reading: Reading = READING) -> Clips:
    clips = data.load(VIDEOS, reading)
    assert isinstance(clips, Clips)
    return clips


def _square(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.array(Image.fromarray(patch).resize((mask_sheet.WIDTH, mask_sheet.WIDTH)))


def main() -> None:
    """Do one part."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    if asked.part != "loss":
        lay_out(asked.data)
    if asked.part == "mine":
        mine()
    elif asked.part == "loss":
        loss()
    elif asked.part == "sheet":
        sheet(asked.same, asked.judge)
    else:
        retrieval(asked.folds, asked.seeds, asked.steps, asked.colour)


if __name__ == "__main__":
    main()
