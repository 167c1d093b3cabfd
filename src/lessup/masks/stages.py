"""From tags to labels on which a segmenter can be trained, in stages that keep what they found.

Seong Joon Oh, Rodrigo Benenson, Anna Khoreva, Zeynep Akata, Mario Fritz, Bernt Schiele, *Exploiting Saliency for Object
Segmentation from Image Level Labels*, 2017, <https://arxiv.org/abs/1701.08261>.

    class maps -> seeds -> threshold --.
                                       +-> (joint saliency) -> guide labels -> (segmenter -> masks)
    pixels -> saliency ----------------'

Every stage is a function of arrays that writes one file for all images, image by image; a run that was stopped goes on
with the next image. ``place`` names the file by all that it depends on. What a stage computes with is handed to it, so
that class maps may come from any network, and saliency and guide labels from anywhere.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, is_dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.masks.fine_maps import FineMaps
from lessup.masks.joint_saliency import joint_saliency
from lessup.masks.overlays import photograph
from lessup.masks.saliency import foreground, oracle
from lessup.masks.seed_threshold import chosen_threshold
from lessup.masks.seeds import Floats, Labels, at_threshold, seed_confidence
from lessup.samples.assembly import fingerprint
from lessup.samples.image_decoding import in_threads
from lessup.samples.images import Images, Pixels, Ragged
from lessup.samples.label_draws import targets
from lessup.samples.map_file import stored_maps
from lessup.training.modes import batch_on

Flags = NDArray[np.bool_]

ClassMaps = Callable[[NDArray[np.int64]], Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]]]
"""Gives of every image with these numbers the classes that it has, (n,), and their maps (n, H, W), at its own size."""

Salient = Callable[[NDArray[np.uint8]], NDArray[np.floating]]
"""Gives how much each pixel of (H, W, C) stands out, (H, W) in [0, 1]."""

Guide = Callable[[int, Labels, Flags], Labels]
"""Gives the labels of the image with this number from its seeds and what is salient in it, all (H, W)."""

BATCH = 16
"""Images whose class maps are computed at once."""


def place(run: Path, name: str, settings: object, *inputs: str) -> Path:
    """Return where a stage keeps what it finds: ``RUN/stages/NAME-KEY``.

    Args:
        run: the folder of the whole.
        name: of the stage.
        settings: a config, or anything else that JSON can hold.
        inputs: what stands for everything that the stage reads: fingerprints, names of the places of earlier stages.

    >>> place(Path("run"), "seeds", {"scale": 1}, "a") == place(Path("run"), "seeds", {"scale": 1}, "b")
    False
    """
    plain = asdict(settings) if is_dataclass(settings) and not isinstance(settings, type) else settings
    return run / "stages" / f"{name}-{fingerprint(json.dumps(plain, sort_keys=True), *inputs)[:16]}"


def tagged_maps(maps: FineMaps, images: Images) -> ClassMaps:
    """Return what reads the maps of the classes that an image's tags name.

    Args:
        maps: of a classifier whose classes are those of the images, by number.
        images: with tags, or a label each.
    """
    device, tags = maps.classifier.device, targets(images)

    def read(some: NDArray[np.int64]) -> Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]]:
        for start in range(0, len(some), BATCH):
            part = some[start : start + BATCH]
            own = [np.flatnonzero(tags[index] == 1) for index in part]
            most = max(max(map(len, own)), 1)
            asked = torch.from_numpy(np.array([np.pad(each, (0, most - len(each))) for each in own], np.int64))
            found = maps(batch_on(device, images, part), asked.to(device))
            for classes, every in zip(own, found, strict=True):
                yield classes, every[: len(classes)].cpu().numpy()

    return read


def seed_maps(at: Path, images: Images, class_maps: ClassMaps) -> Ragged:
    """Return the likeliest class of every pixel, 1 + class or 0, and how far it is to be believed, in 255 steps.

    Args:
        at: the file.
        images: N images.
        class_maps: of these images.

    Returns:
        N maps (H, W, 2).
    """

    def make(some: NDArray[np.int64]) -> Iterable[NDArray[np.uint8]]:
        for classes, maps in class_maps(some):
            label, confidence = _seeds_of(classes, maps)
            yield np.stack([label, np.rint(255 * confidence)], axis=2).astype(np.uint8)

    return stored_maps(at, images.pixels.extent, make, channels=2)


def saliency_maps(at: Path, images: Images, salient: Salient) -> Ragged:
    """Return how much each pixel stands out, in 255 steps, as N maps (H, W, 1).

    Args:
        at: the file.
        images: N images.
        salient: looks at one image; called in several threads.
    """

    def one(index: int) -> NDArray[np.uint8]:
        return np.rint(255 * salient(photograph(images.pixels[index]))).astype(np.uint8)

    return stored_maps(at, images.pixels.extent, lambda some: in_threads(one, some.tolist()))


def joint_maps(at: Path, images: Images, seeds: Ragged, salient: Ragged, threshold: float) -> Ragged:
    """Return what class maps and contrast together find salient, in 255 steps, as N maps (H, W, 1).

    Args:
        at: the file.
        images: N images.
        seeds: of ``seed_maps``.
        salient: contrast, of ``saliency_maps``.
        threshold: confidence from which on a pixel is a seed.
    """

    def one(index: int) -> NDArray[np.uint8]:
        _, confidence = seeds_from(seeds[index])
        contrast = salient[index][..., 0] / 255
        found = joint_saliency(photograph(images.pixels[index]), confidence, threshold, contrast)
        return np.rint(255 * found).astype(np.uint8)

    return stored_maps(at, images.pixels.extent, lambda some: in_threads(one, some.tolist()))


def oracle_maps(at: Path, masks: Ragged) -> Ragged:
    """Return the true foreground as saliency, 255 or 0, as N maps (H, W, 1); 0 everywhere for an image without a mask.

    Args:
        at: the file.
        masks: N maps of the images: 0 background, 1 + class, 255 not to be counted.
    """

    def one(index: int) -> NDArray[np.uint8]:
        mask = masks[index][..., 0]
        return (255 * oracle(np.where(mask == 255, 0, mask))).astype(np.uint8)

    return stored_maps(at, masks.extent, lambda some: in_threads(one, some.tolist()))


def seed_threshold(seeds: Ragged) -> float:
    """Return the confidence from which on a pixel is a seed, chosen without masks.

    Args:
        seeds: N maps of ``seed_maps``.
    """
    counts = np.zeros(256, np.int64)
    for index in range(len(seeds)):
        counts += np.bincount(seeds[index][..., 1].ravel(), minlength=256)
    return chosen_threshold(counts)


def guide_maps(at: Path, images: Images, seeds: Ragged, salient: Ragged, threshold: float, guide: Guide) -> Ragged:
    """Return the labels on which a segmenter is trained, as N maps (H, W, 1).

    Args:
        at: the file.
        images: N images.
        seeds: of ``seed_maps``.
        salient: of ``saliency_maps``.
        threshold: confidence from which on a pixel is a seed.
        guide: puts both together; called in several threads.
    """

    def one(index: int) -> NDArray[np.uint8]:
        seed = at_threshold(*seeds_from(seeds[index]), threshold)
        return guide(index, seed, foreground(salient[index][..., 0] / 255)).astype(np.uint8)

    return stored_maps(at, images.pixels.extent, lambda some: in_threads(one, some.tolist()))


def seeds_from(stored: Pixels) -> tuple[Labels, Floats]:
    """Return (H, W) labels and confidences in [0, 1] of one map (H, W, 2) of ``seed_maps``."""
    return stored[..., 0].astype(np.int64), stored[..., 1] / 255


def _seeds_of(classes: NDArray[np.int64], maps: NDArray[np.floating]) -> tuple[Labels, Floats]:
    """Return labels and confidences from the maps of the classes that an image has, (n, H, W)."""
    if not len(classes):
        return np.zeros(maps.shape[1:], np.int64), np.zeros(maps.shape[1:])
    label, confidence = seed_confidence(maps, np.ones(len(classes), np.int8))
    return np.append(0, 1 + classes)[label], confidence
