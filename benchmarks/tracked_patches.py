"""Mine pairs of patches of videos, look at them, and find a patch again among a thousand others.

    python benchmarks/tracked_patches.py mine
    python benchmarks/tracked_patches.py sheet --same 98 --judge "one of the developers"
    python benchmarks/tracked_patches.py retrieval --folds 4 --seeds 3

``mine`` lays out the clips of both archives, mines them anew at 240 pixels and times it. ``sheet`` draws 100 pairs,
whose two patches stand beside one another, writes them to docs/methods/video-triplets.png, and takes down how many of
them show the same thing in both, as counted by eye. ``retrieval`` trains the recipe ``cpu`` with every fold of whole
clips held out; the first patch of each pair of a clip that was held out then asks for its second among 1,000 windows of
other such clips, as large and at random places and times.
"""

import argparse
import os
import resource
import shutil
import tarfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

import mask_sheet
import record
from lessup import data, verbs
from lessup.data.tracked_pairs import PREFIX
from lessup.evaluation import Score
from lessup.features import raw_pixels, untrained
from lessup.formats.file_tree import open_tree
from lessup.formats.pair_files import CLIPS, parse_clips
from lessup.formats.table import table_rows
from lessup.methods.video_triplets import VideoTriplets
from lessup.probes.reference_rows import settle
from lessup.samples import Reading
from lessup.samples.clips import Clips
from lessup.samples.images import Images, Ragged
from lessup.samples.pair_mining import mined
from lessup.samples.splits import Folds, split

DATA = Path(__file__).parent.parent.parent / "shared" / "data"
VIDEOS = Path("runs/data/videos")
SHEET = record.ROOT / "docs" / "methods" / "video-triplets.png"
READING = Reading(size=240)
OTHERS = 1000
SHOWN = 100
PIXELS = 32
"""Side at which pixels are compared."""


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("mine", "sheet", "retrieval"))
    parser.add_argument("--data", type=Path, default=DATA, help="folder of video-with-sound.tar and video-silent.tar")
    parser.add_argument("--same", type=int, help="of the 100 pairs of the sheet, how many show the same thing")
    parser.add_argument("--judge", default="", help="who counted")
    parser.add_argument("--folds", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=300)
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


def retrieval(folds: int, seeds: int, steps: int) -> None:
    """Train, find patches again, and record every row with its spread over folds and seeds."""
    clips, pairs = _clips(), _pairs()
    found: dict[str, list[float]] = {}
    queries = []
    for fold in range(folds):
        for seed in range(seeds):
            settings = verbs.settings(
                "video-triplets",
                f"{PREFIX}{VIDEOS}",
                training={"steps": steps, "seed": seed, "device": "cpu"},
                config={"hard_after": steps // 2},
                reading=READING,
                folds=Folds(folds=folds, fold=fold, whole_classes=True),
            )
            run = verbs.train(settings, f"runs/benchmarks/video-triplets-fold{fold}-seed{seed}", overwrite=True)
            method = verbs.load(run.path)[1]
            assert isinstance(method, VideoTriplets)
            parts = split(pairs, settings.folds)
            assert isinstance(parts.train, Images)
            assert isinstance(parts.test, Images)
            others = windows(clips, parts.test, seed)
            fresh = untrained(method, seed)
            assert isinstance(fresh, VideoTriplets)
            with torch.no_grad():
                settle(fresh.backbone, fresh.prepared(parts.train.batch(np.arange(min(len(parts.train), 200)))))
            queries.append(len(parts.test) // 2)
            for row, network in {"pixels": None, "random": fresh, "model": method}.items():
                recall = recall_at_1(parts.test, others, network)
                found.setdefault(row, []).append(recall)
                print(f"fold {fold}, seed {seed}, {row}: {recall:.1f}", flush=True)
    rows = {"chance": Score(100 / (OTHERS + 1)), **{row: Score.of(values) for row, values in found.items()}}
    figures = {
        "data": str(VIDEOS),
        "fingerprint": pairs.fingerprint,
        "pairs": len(pairs.classes),
        "others": OTHERS,
        "queries": queries,
        "settings": {"folds": folds, "seeds": seeds, "steps": steps, "recipe": "cpu"},
        "rows": {row: vars(score) for row, score in rows.items()},
        "values": found,
    }
    record.write("tracked_patches", figures)


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


def recall_at_1(asked: Images, others: Images, network: VideoTriplets | None) -> float:
    """Return the percentage of first patches that lie nearer to their second than to 1,000 windows of other clips."""
    first = np.array([np.flatnonzero(asked.label == label)[0] for label in np.unique(asked.label)])
    second = np.array([np.flatnonzero(asked.label == label)[-1] for label in np.unique(asked.label)])
    own, far = _codes(asked, network), _codes(others, network)
    right = []
    for query, answer in zip(first, second, strict=True):
        allowed = np.flatnonzero(others.group != asked.group[query])[:OTHERS]
        assert len(allowed) == OTHERS, "as many windows were drawn"
        nearest = np.square(far[allowed] - own[query]).sum(1).min()
        right.append(np.square(own[answer] - own[query]).sum() < nearest)
    return 100 * float(np.mean(right))


@torch.no_grad()
def _codes(images: Images, network: VideoTriplets | None) -> NDArray[np.float32]:
    """Return codes of length 1, of which the nearest is that of the largest cosine; or pixels."""
    if network is None:
        return raw_pixels(images, PIXELS)
    batches = np.array_split(np.arange(len(images)), -(-len(images) // 128))
    return np.concatenate([network.codes(network.prepared(images.batch(each))).numpy() for each in batches])


def _pairs() -> Images:
    pairs = data.load(f"{PREFIX}{VIDEOS}", READING)
    assert isinstance(pairs, Images)
    return pairs


def _clips() -> Clips:
    clips = data.load(VIDEOS, READING)
    assert isinstance(clips, Clips)
    return clips


def _square(patch: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.array(Image.fromarray(patch).resize((mask_sheet.WIDTH, mask_sheet.WIDTH)))


def main() -> None:
    """Do one part."""
    asked = arguments()
    torch.set_num_threads(asked.threads)
    lay_out(asked.data)
    if asked.part == "mine":
        mine()
    elif asked.part == "sheet":
        sheet(asked.same, asked.judge)
    else:
        retrieval(asked.folds, asked.seeds, asked.steps)


if __name__ == "__main__":
    main()
