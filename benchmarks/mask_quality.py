"""How good seeds and labels are, on training images whose masks are known and used nowhere else."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lessup.masks.guide_labels import g2
from lessup.masks.joint_saliency import joint_saliency
from lessup.masks.overlays import photograph
from lessup.masks.saliency import foreground
from lessup.masks.seeds import THRESHOLDS, Floats, Labels, at_threshold, mean_precision, seed_curve, seed_tables
from lessup.masks.stages import seeds_from
from lessup.metrics.confusion import confusion
from lessup.metrics.mean_iou import class_ious, segmentation_scores
from lessup.samples.image_decoding import in_threads
from lessup.samples.images import Images, Pixels, Ragged
from lessup.samples.spacing import evenly_spaced
from lessup.verbs.tag_stages import Kept

GRID = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8)
"""Thresholds at which G2 is compared with masks."""


def counted(images: Images, index: int) -> NDArray[np.int64]:
    """Return (H, W) a true mask with -1 for what is not counted."""
    assert images.masks is not None
    mask = images.masks[index][..., 0].astype(np.int64)
    return np.where(mask == 255, -1, mask)


def label_quality(train: Images, maps: Ragged) -> dict[str, float]:
    """Return the scores of labels on all images with a mask."""

    def one(index: int) -> NDArray[np.int64]:
        truth, given = counted(train, index), maps[index][..., 0].astype(np.int64)
        inside = (truth >= 0) & (given != 255)
        return confusion(truth[inside], given[inside], 1 + len(train.classes))

    table = np.sum([*in_threads(one, np.flatnonzero(train.masked()).tolist())], axis=0)
    return segmentation_scores(table, ("background", *train.classes))


def seed_quality(train: Images, seeds: Kept) -> dict[str, Any]:
    """Return mP, precision and recall of the seeds, and the mean IoU of seeds alone, at every tenth threshold."""

    def one(index: int) -> NDArray[np.int64]:
        return seed_tables(*seeds_from(seeds.maps[index]), counted(train, index), len(train.classes))

    tables = np.sum([*in_threads(one, np.flatnonzero(train.masked()).tolist())], axis=0)
    curve = seed_curve(tables)
    at = [int(place) for place in np.flatnonzero(np.arange(1, len(THRESHOLDS) + 1) % 5 == 0)]
    lines = {
        "foreground_precision": curve.foreground_precision,
        "foreground_recall": curve.foreground_recall,
        "background_precision": curve.background_precision,
        "background_recall": curve.background_recall,
        "mean_iou": np.array([np.nanmean(class_ious(table)) for table in tables]),
    }
    percent = {name: [in_percent(values[place]) for place in at] for name, values in lines.items()}
    return {
        "mean_precision": in_percent(mean_precision(curve)),
        "thresholds": [round(float(THRESHOLDS[place]), 2) for place in at],
        **percent,
    }


def in_percent(share: float) -> float | None:
    """Return a share in percent; None for NaN, which JSON has not."""
    return None if np.isnan(share) else round(100 * float(share), 2)


def thresholds(train: Images, seeds: Kept, salient: Kept, chosen: float, *, count: int) -> dict[str, Any]:
    """Return the mean IoU of G2 at a grid of thresholds and at the chosen one, on some training images with a mask."""
    masked = np.flatnonzero(train.masked())
    few = masked[evenly_spaced(len(masked), count)]

    def one(index: int, threshold: float) -> NDArray[np.int64]:
        _, made = guided(train, index, seeds.maps[index], threshold, salient.maps[index][..., 0] / 255)
        truth = counted(train, index)
        return confusion(truth[truth >= 0], made[truth >= 0], 1 + len(train.classes))

    found = {}
    for threshold in sorted({*GRID, chosen}):
        tables = in_threads(lambda index, at=threshold: one(index, at), few.tolist())  # type: ignore[misc]
        found[f"{threshold:g}"] = round(100 * float(np.nanmean(class_ious(np.sum([*tables], axis=0)))), 2)
    best = max(found, key=lambda key: found[key])
    return {
        "images": len(few),
        "chosen": chosen,
        "chosen_mean_iou": found[f"{chosen:g}"],
        "best": float(best),
        "best_mean_iou": found[best],
        "by_threshold": found,
    }


def guided(images: Images, index: int, kept: Pixels, threshold: float, contrast: Floats) -> tuple[Labels, Labels]:
    """Return (H, W) the seeds of an image at a threshold, and the labels that row g2 makes of them."""
    pixels, (label, confidence) = photograph(images.pixels[index]), seeds_from(kept)
    seed = at_threshold(label, confidence, threshold)
    return seed, g2(seed, foreground(joint_saliency(pixels, confidence, threshold, contrast)), pixels)
