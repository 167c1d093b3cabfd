"""Measure how well class maps of an ImageNet classifier localise on the official validation boxes of Tiny-ImageNet.

    python benchmarks/localization.py --data ../shared/data/tiny-imagenet-100per.tar
    python benchmarks/localization.py --data ../shared/data/tiny-imagenet-100per.tar \
        --device cuda --few 5000 --workers 16

The class is given. A hash of the file's name parts the images: one in five chooses thresholds, scales of maps, the side
of the central box and the look whose row is called `chosen`; all figures are those of the others. Slow rows look at
`--few` images of either part. Maps and boxes stay in runs/benchmarks/localization/, so that a call that was interrupted
goes on.
"""

import argparse
import zlib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from timm.data import ImageNetInfo
from torch import Tensor

import record
from lessup.backbones.weights import IMAGENET, begin_from, read
from lessup.data import tiny_imagenet
from lessup.formats.file_tree import open_tree
from lessup.masks.boxes import SHARE, Scale, boxes_over, central_box, release_boxes, scaled
from lessup.masks.class_maps import class_maps, grad_cam, resized, ten_crop_maps
from lessup.masks.components import bounding_box
from lessup.masks.fine_maps import FineMaps
from lessup.masks.gradient_saliency import classifier_saliency
from lessup.masks.graph_cut import graph_cut
from lessup.methods.supervised import Supervised, SupervisedConfig
from lessup.metrics import localization as metrics
from lessup.metrics.detection import overlap
from lessup.samples import Batch, Reading
from lessup.samples.images import Images
from lessup.training.modes import batch_on
from lessup.transforms.crops import resize_whole

Floats = NDArray[np.floating]
Look = Callable[[Supervised, Batch, Tensor], Sequence[Tensor]]

SHARES = np.arange(100) / 100
SCALES: tuple[Scale, ...] = ("maximum", "range")
SELECTS = 5
"""One image in so many chooses."""

AGREEING = np.arange(0.05, 0.65, 0.02)
"""Shares of the maximum at which boxes are drawn to be compared with one another."""

CENTRAL = (0.75, 0.875, 1.0)
"""Sides of the central boxes among them."""

WEIGHTS = (0.0, 0.15, 0.3, 0.45, 0.6)
"""Shares that central boxes have in the vote; one of them is chosen."""

MEAN = 0.1
"""How much the mean overlap counts beside the share that overlaps by half."""

SIDES = (160, 192, 224, 288, 320)
"""Pixels to which an image is brought, where it is looked at in several sizes."""

BATCH = 50


def one(network: Supervised, batch: Batch, classes: Tensor) -> list[Tensor]:
    """Look once at each whole image."""
    return resized(class_maps(network, network.prepared(batch), classes), batch["extent"])


def mirrored(
    network: Supervised, batch: Batch, classes: Tensor, *, sides: Sequence[int] = (224,), layer: str = ""
) -> list[Tensor]:
    """Add the maps of each image and its mirror image, at several sizes; Grad-CAM of a layer where one is named."""
    maps = partial(grad_cam, layer=layer) if layer else class_maps
    total: list[Tensor] = []
    for side in sides:
        image = network.scaled(resize_whole(batch["image"], batch["extent"], (side, side)))
        both = maps(network, image, classes) + maps(network, image.flip(3), classes).flip(3)
        found = resized(both / both.abs().amax((2, 3), keepdim=True).clamp(min=1e-9), batch["extent"])
        total = [one + other for one, other in zip(total, found, strict=True)] if total else found
    return total


def fine(network: Supervised, batch: Batch, classes: Tensor) -> list[Tensor]:
    """Look once, with the last stride of the network turned into a dilation: a map of 14 x 14 places."""
    return finer(network)(batch, classes)


finer = cache(partial(FineMaps, stride=16))


def ten(network: Supervised, batch: Batch, classes: Tensor) -> list[Tensor]:
    """Sum the absolute maps of ten crops."""
    return resized(ten_crop_maps(network, batch, classes), batch["extent"])


def gradient(network: Supervised, batch: Batch, classes: Tensor) -> list[Tensor]:
    """Take the magnitude of the score's gradient, averaged over ten crops."""
    return resized(classifier_saliency(network, batch, classes), batch["extent"])


def anyone(network: Supervised, batch: Batch, classes: Tensor) -> list[Tensor]:
    """Look once, for another class than the image's own."""
    others = torch.tensor([zlib.crc32(bytes(str(n), "ascii")) for n in batch["number"].tolist()]) % 199 + 1
    return one(network, batch, (classes + others.to(classes)[:, None]) % 200)


LOOKS: dict[str, Look] = {
    "chance class": anyone,
    "CAM": one,
    "CAM, and mirrored": mirrored,
    "CAM, and mirrored, five sizes": partial(mirrored, sides=SIDES),
    "CAM, dilated": fine,
    "Grad-CAM": partial(mirrored, layer="head"),
    "Grad-CAM of blocks6": partial(mirrored, layer="blocks6"),
    "CAM, ten crops": ten,
    "gradient": gradient,
}
SLOW = ("CAM, ten crops", "gradient")
CANDIDATES = ("CAM", "CAM, and mirrored", "CAM, and mirrored, five sizes", "CAM, dilated")
"""Looks among which the first part chooses."""


@dataclass(frozen=True, eq=False)
class Data:
    """Images of Tiny-ImageNet's validation part.

    Attributes:
        images: N images of 64 pixels, one box each, those that choose first.
        choosing: how many these are.
        few: (F,) the images that slow looks look at.
    """

    images: Images
    choosing: int
    few: NDArray[np.int64]

    @property
    def boxes(self) -> Floats:
        """(N, 4) left, top, right, bottom."""
        assert self.images.boxes is not None
        return np.stack([own.corners[0] for own in self.images.boxes]).astype(np.float64)


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="Tiny-ImageNet")
    parser.add_argument("--name", default="localization", help="of the result")
    parser.add_argument("--few", type=int, default=250, help="images of each part that slow rows look at")
    parser.add_argument("--images", type=int, default=0, help="of each part, to try the script; 0 for all")
    parser.add_argument("--looks", nargs="+", choices=LOOKS, default=[*LOOKS], metavar="LOOK", help=", ".join(LOOKS))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--workers", type=int, default=1, help="processes that draw boxes")
    return parser.parse_args()


def parts(path: Path, few: int, most: int) -> Data:
    """Read the images and part them by their names."""
    images = tiny_imagenet.load(path, Reading())
    order = sorted(np.flatnonzero(images.official == "test"), key=lambda n: zlib.crc32(images.id[n].encode()))
    selects = [zlib.crc32(images.id[n].encode()) % SELECTS == 0 for n in order]
    first, rest = ([n for n, own in zip(order, selects, strict=True) if own is asked] for asked in (True, False))
    first, rest = first[: most or None], rest[: most or None]
    some = [*range(min(few, len(first))), *range(len(first), len(first) + min(few, len(rest)))]
    return Data(images.take(np.array(first + rest)), len(first), np.array(some))


def network(path: Path, device: str) -> Supervised:
    """Return EfficientNet-Lite0 with its ImageNet weights, and of its 1000 outputs those of the 200 classes."""
    tree = open_tree(path)
    numbers = sorted(tree.read(f"{tree.folder_with('wnids.txt')}wnids.txt").decode().split())
    known = ImageNetInfo("imagenet-1k").label_names()
    outputs = torch.tensor([known.index(number) for number in numbers])
    classifier = Supervised(SupervisedConfig(backbone="efficientnet-lite0", num_classes=len(numbers)))
    begin_from(IMAGENET, classifier.backbone)
    stored = read(IMAGENET)
    classifier.classifier.load_state_dict({key: stored[f"_fc.{key}"][outputs] for key in ("weight", "bias")})
    return classifier.to(device).eval()


def seen(classifier: Supervised, data: Data, look: str, folder: Path) -> NDArray[np.float32]:
    """Return (N or F, 64, 64) maps of each image's own class, made anew where they are not there yet."""
    which = data.few if look in SLOW else np.arange(len(data.images))
    found = []
    for start in range(0, len(which), BATCH):
        some = which[start : start + BATCH]
        path = folder / f"{look.replace(' ', '-')}-{some[0]}-{len(some)}.npy"
        if not path.exists():
            batch = batch_on(classifier.device, data.images, some) | {"number": torch.from_numpy(some)}
            maps = LOOKS[look](classifier, batch, batch["label"][:, None])
            half = path.with_suffix(".half.npy")
            np.save(half, np.stack([own[0].float().cpu().numpy() for own in maps]))
            half.rename(path)
        found.append(np.load(path, allow_pickle=False))
    print(f"{look}: seen", flush=True)
    return np.concatenate(found)


@torch.no_grad()
def named(classifier: Supervised, data: Data, folder: Path) -> NDArray[np.bool_]:
    """Return (N,) whether the image's class is the likeliest of the 200, asked anew where it is not known yet."""
    path = folder / "named.npy"
    if path.exists():
        known: NDArray[np.bool_] = np.load(path, allow_pickle=False)
        return known
    right = []
    for start in range(0, len(data.images), BATCH):
        batch = batch_on(classifier.device, data.images, np.arange(start, min(start + BATCH, len(data.images))))
        right.append((classifier.classify(batch).argmax(1) == batch["label"]).cpu().numpy())
    np.save(path, np.concatenate(right))
    return np.concatenate(right)


def overlaps(score_map: Floats, box: Floats, scale: Scale) -> NDArray[np.float64]:
    """Return (2, S) the overlap of the largest part of a map at each share, and that of its best part."""
    drawn = [metrics.best_overlaps(own, box[None]) for own in boxes_over(scaled(score_map, scale), SHARES)]
    return np.array([[own[0] if len(own) else 0.0 for own in drawn], [own.max(initial=0.0) for own in drawn]])


def agreed(score_map: Floats, scale: Scale, weights: Sequence[float] = WEIGHTS) -> Floats:
    """Return (W, 4) for each weight the box that most other boxes agree with, where no threshold is sure to be right.

    Of the largest parts at all of ``AGREEING`` and of the central boxes of ``CENTRAL``, that box is taken which the
    largest share of them overlaps by half; the central ones count for the weight together. Of several, the one that
    overlaps more on average.
    """
    parts = [own[:1] for own in boxes_over(scaled(score_map, scale), AGREEING)]
    drawn = np.concatenate([own for own in parts if len(own)] + [central_box((64, 64), side) for side in CENTRAL])
    count = len(drawn) - len(CENTRAL)
    common = overlap(drawn, drawn)
    fit = (common >= metrics.OVERLAP) + MEAN * common  # (M, M)
    shares = [
        np.r_[np.full(count, (1 - weight) / max(count, 1)), np.full(len(CENTRAL), weight / len(CENTRAL))]
        for weight in weights
    ]
    return drawn[(fit @ np.array(shares).T).argmax(axis=0)]


def agreement(score_map: Floats, box: Floats) -> NDArray[np.float64]:
    """Return (2, W) the overlap of the box that most agree with, by scale and by weight of the central boxes."""
    return np.array([metrics.best_overlaps(agreed(score_map, scale), box[None]) for scale in SCALES])


def released(score_map: Floats, box: Floats) -> float:
    """Return the overlap of the first box of CAM's release."""
    return float(metrics.best_overlaps(release_boxes(score_map)[:1], box[None]).max(initial=0.0))


def cut_out(pixels: NDArray[np.uint8], score_map: Floats, box: Floats) -> float:
    """Return the overlap of the box around what a graph cut makes of a gradient's saliency."""
    own = bounding_box(graph_cut(pixels, score_map))
    return 0.0 if own is None else float(metrics.best_overlaps(own[None].astype(np.float64), box[None])[0])


@dataclass(frozen=True, eq=False)
class Table:
    """Rows as they come, with what each one was found to overlap.

    Attributes:
        data: what is measured on.
        right: (N,) whether the class is named.
        found: overlap by row, and the images of it.
    """

    data: Data
    right: NDArray[np.bool_]
    rows: dict[str, dict[str, Any]]
    found: dict[str, tuple[NDArray[np.int64], Floats]]

    def add(self, row: str, which: NDArray[np.int64], fit: Floats, **more: Any) -> None:
        """Add a row: the overlaps (N or F,) of images of both parts; what is reported is the second."""
        tested = which >= self.data.choosing
        own = fit[tested] >= metrics.OVERLAP
        both = own & self.right[which[tested]]
        self.found[row] = which[tested], fit[tested]
        self.rows[row] = {"n": int(tested.sum()), "given": percent(own), "top1": percent(both), **more}


def percent(values: NDArray[np.generic]) -> float:
    return round(100 * float(np.mean(values)), 2)


def blind(table: Table) -> None:
    """Add the boxes that do not look."""
    truth, every = table.data.boxes, np.arange(len(table.data.images))
    sides = np.arange(2, 65, 2)
    by_side = np.stack(
        [metrics.best_overlaps(truth, central_box((64, 64), side / 64)) for side in sides.tolist()], axis=1
    )
    chosen = metrics.best_place(metrics.box_accuracies(by_side[: table.data.choosing]))
    table.add("whole image", every, by_side[:, -1])
    table.add("central box, 48 of 64 pixels", every, by_side[:, list(sides).index(48)])
    table.add("central box, side chosen", every, by_side[:, chosen], side=int(sides[chosen]))


def mapped(table: Table, look: str, maps: NDArray[np.float32], pool: ProcessPoolExecutor) -> dict[str, float]:
    """Add the rows of a look, and return the accuracy on the first part of those with a setting chosen there."""
    which = table.data.few if len(maps) < len(table.data.images) or look in SLOW else np.arange(len(maps))
    truth, choosing = table.data.boxes[which], int((which < table.data.choosing).sum())
    curves = {
        scale: np.stack(list(pool.map(partial(overlaps, scale=scale), maps, truth, chunksize=64)), axis=1)
        for scale in SCALES
    }  # (2, N, S)
    selected = {scale: metrics.box_accuracies(both[0, :choosing]) for scale, both in curves.items()}
    scale = max(SCALES, key=lambda one: float(selected[one].max()))
    place = metrics.best_place(selected[scale])
    if look in ("CAM", "CAM, ten crops"):
        for one in SCALES:
            own = curves[one][0][:, list(SHARES).index(SHARE)]
            table.add(f"{look}: 20 % of the {one}, largest part", which, own, **threshold_free(curves[one], choosing))
        first = np.array(list(pool.map(released, maps, truth, chunksize=64)))
        table.add(f"{look}: three levels of the release", which, first)
    table.add(
        f"{look}: threshold chosen",
        which,
        curves[scale][0][:, place],
        **threshold_free(curves[scale], choosing),
        chosen={"scale": scale, "share": float(SHARES[place]), "given_where_chosen": percent(selected[scale][place])},
    )
    voted = np.stack(list(pool.map(agreement, maps, truth, chunksize=64)), axis=-1)  # (2, W, N)
    accuracy = (voted[..., :choosing] >= metrics.OVERLAP).mean(-1)
    at, by = np.unravel_index(accuracy.argmax(), accuracy.shape)
    how = {"scale": SCALES[at], "weight": WEIGHTS[by], "given_where_chosen": percent(accuracy[at, by])}
    table.add(f"{look}: most agree", which, voted[at, by], chosen=how)
    return {f"{look}: threshold chosen": float(selected[scale][place]), f"{look}: most agree": float(accuracy[at, by])}


def threshold_free(curves: NDArray[np.float64], choosing: int) -> dict[str, float]:
    """Return what does not hang on a threshold, or takes the one that suits the tested images best."""
    largest, any_part = curves[:, choosing:]
    values = {
        "mean_box_accuracy": metrics.mean_box_accuracy(largest),
        "max_box_accuracy": metrics.max_box_accuracy(largest),
        "max_box_accuracy_v2": metrics.max_box_accuracy_v2(any_part),
    }
    return {name: round(100 * value, 2) for name, value in values.items()}


def gains(table: Table) -> Mapping[str, Mapping[str, float]]:
    """Return how much better each row is than the better of the boxes that do not look, image by image."""
    rivals = [row for row in table.rows if "image" in row or "central" in row]
    rival = max(rivals, key=lambda row: table.rows[row]["given"])
    of_rival = dict(zip(*(each.tolist() for each in table.found[rival]), strict=True))
    said = {}
    for row, (which, fit) in table.found.items():
        if row not in rivals:
            same = np.array([of_rival[index] for index in which.tolist()]) >= metrics.OVERLAP
            gain = 100 * ((fit >= metrics.OVERLAP).astype(float) - same)
            error = float(gain.std(ddof=1) / np.sqrt(len(gain)))
            said[row] = {"over": rival, "points": round(float(gain.mean()), 2), "standard_error": round(error, 2)}
    return said


def main() -> None:
    """Look, draw, choose, record."""
    asked = arguments()
    data = parts(asked.data, asked.few, asked.images)
    folder = record.ROOT / "runs" / "benchmarks" / "localization" / f"{len(data.images)}-{len(data.few)}"
    folder.mkdir(parents=True, exist_ok=True)
    classifier = network(asked.data, asked.device)
    table = Table(data, named(classifier, data, folder), {}, {})
    blind(table)
    maps = {look: seen(classifier, data, look, folder) for look in asked.looks}
    with ProcessPoolExecutor(asked.workers) as pool:
        selected: dict[str, float] = {}
        for look, own in maps.items():
            found = mapped(table, look, own, pool)
            selected |= found if look in CANDIDATES else {}
        if "gradient" in maps:
            pixels = [data.images.pixels[index] for index in data.few.tolist()]
            cut = list(pool.map(cut_out, pixels, maps["gradient"], data.boxes[data.few], chunksize=8))
            table.add("gradient: graph cut", data.few, np.array(cut))
    figures = {
        "choosing": data.choosing,
        "tested": len(data.images) - data.choosing,
        "top1_class": percent(table.right[data.choosing :]),
        "chosen": max(selected, key=selected.__getitem__),
        "rows": table.rows,
        "gains": gains(table),
    }
    record.write(asked.name, figures)


if __name__ == "__main__":
    main()
