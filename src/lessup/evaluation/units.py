"""What single units of a layer look for: the images that excite each most, and where in them, with their sound.

Source: Zhou, Khosla, Lapedriza, Oliva, Torralba, *Object Detectors Emerge in Deep Scene CNNs*, 2015, section 3, as in
Owens, Wu, McDermott, Freeman, Torralba, *Ambient Sound Provides Supervision for Visual Learning*, 2016, section 4: the
60 images that excite a unit of conv5 most, masked to the region of high activation; a unit is selective if 60 % of them
are given one name.

Differs from the paper: names are the classes of the data, not what people call the regions; of each group, such as a
clip, one image counts at most; the region is where the map, enlarged, reaches a share of its largest value, with no
estimate of the receptive field; of few groups fewer are taken, a quarter at most.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import thumbnails, untrained
from lessup.methods import ImageEncoder, Method
from lessup.samples.images import Images
from lessup.samples.splits import Split
from lessup.training.modes import batch_on

LEAST = 5
"""Images of a unit of which fewer say nothing about what they have in common; there are pictures alone then."""

SHOWN = 128
"""Pixels a side of the pictures that are kept for the report."""

DIMMED = 0.2
"""Share of its brightness that is left of what lies outside of the region."""

SOUND_RATE = 8_000
"""Samples a second of the sounds that are kept for the report, Hz, of 8 bits each."""


class Units(Protocol):
    """``selective``: share of the units in % of which the images agree on a class; ``agreement``: how many agree.

    Figures: for U units and M images, ``unit`` (U,), ``patch`` (U, M, S, S, C) uint8, ``id`` (U, M), ``agreement`` (U,)
    in percent, NaN without classes, and, where something is heard, ``sound`` (U, M, T) uint8 with 128 as silence,
    ``length`` (U, M) and ``rate``.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layer: name of a layer whose outputs are maps; ``conv5`` where there is one, else the last such layer.
            top: images that speak for a unit.
            agree: share of them that must be of one class for a unit to be selective.
            region: share of a unit's largest activation in an image that its region reaches.
            shown: units that the report shows, those first of which most images agree.
            images: of each.
            seed: of the random weights, and of chance.
        """

        layer: str | None = None
        top: int = 60
        agree: float = 0.6
        region: float = 0.5
        shown: int = 8
        images: int = 5
        seed: int = 0

    paper: ClassVar[str] = (
        "Zhou, Khosla, Lapedriza, Oliva, Torralba, Object Detectors Emerge in Deep Scene CNNs, 2015, "
        "https://arxiv.org/abs/1412.6856"
    )
    reads: ClassVar[tuple[str, ...]] = ("image",)
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Find the images of the test part that excite each unit.

        Raises:
            DataError: there are fewer than four groups of images.
            UsageError: there is no such layer, or it gives no maps, or a setting is out of range.
        """
        config, test = self.config, split.test
        assert isinstance(test, Images)
        assert isinstance(method, ImageEncoder)
        if min(config.top, config.shown, config.images) < 1 or not (0 < config.region <= 1 and 0 < config.agree <= 1):
            raise UsageError("--top, --shown and --images: wanted 1 or more; --region and --agree: above 0 to 1")
        layer = _map_layer(method, config.layer)
        groups = len(np.unique(test.group))
        top = min(config.top, groups // 4)
        if not top:
            raise DataError(
                f"{groups} held-out clips, or single images; units need 4: pass --data or --folds 2 or more"
            )
        fresh = untrained(method, config.seed)
        assert isinstance(fresh, ImageEncoder)
        peaks = {"random": _peaks(fresh, test, layer), "model": _peaks(method, test, layer)}
        agreed = {row: _agreement(strongest(peak, test.group, top), test.label) for row, peak in peaks.items()}
        rows, notes = {}, [f"layer {layer}, {peaks['model'].shape[1]} units, {top} images of different groups for each"]
        if len(np.unique(test.label[test.label >= 0])) > 1 and top >= LEAST:
            mixed = np.random.default_rng(config.seed).permutation(test.label)
            agreed = {"chance": _agreement(strongest(peaks["model"], test.group, top), mixed), **agreed}
            rows = {row: self._scores(values) for row, values in agreed.items()}
        elif top < LEAST:
            notes.append(f"{groups} groups are too few to count agreement: wanted {4 * LEAST} or more")
            agreed["model"][:] = np.nan
        return Result(rows, self._figures(method, layer, test, peaks["model"], agreed["model"]), tuple(notes))

    def _scores(self, agreement: NDArray[np.float64]) -> dict[str, Score]:
        selective = 100 * float((agreement >= self.config.agree).mean())
        return {"selective": Score(selective), "agreement": Score(100 * float(agreement.mean()))}

    def _figures(
        self,
        method: ImageEncoder,
        layer: str,
        test: Images,
        peak: NDArray[np.float32],
        agreement: NDArray[np.float64],
    ) -> Mapping[str, NDArray[np.generic]]:
        count = min(self.config.images, len(np.unique(test.group)))
        best = strongest(peak, test.group, count)  # (C, M)
        rise = np.take_along_axis(peak.T, best, 1).mean(1) / np.maximum(peak.mean(0), 1e-12)
        unit = np.lexsort((-rise, -np.nan_to_num(agreement)))[: self.config.shown]
        images = best[unit]
        patches = [
            _masked(method, layer, test.take(row), int(u), self.config.region)
            for u, row in zip(unit, images, strict=True)
        ]
        figures: dict[str, NDArray[np.generic]] = {
            "unit": unit,
            "patch": np.stack(patches),
            "id": test.id[images],
            "agreement": 100 * agreement[unit],
        }
        return figures | _sounds(test, images)


def strongest(peak: NDArray[np.float32], group: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return which images excite each unit most, one of each group at most.

    Args:
        peak: (N, C) largest activation of each unit in each image.
        group: (N,) of each image.
        count: M, at most as many as there are groups.

    Returns:
        (C, M) positions of images, the strongest first.
    """
    found = []
    for values in peak.T:
        order = np.argsort(-values, kind="stable")
        first = np.unique(group[order], return_index=True)[1]
        found.append(order[np.sort(first)[:count]])
    return np.stack(found)


def _map_layer(method: ImageEncoder, name: str | None) -> str:
    """Return the layer whose units are looked at.

    Raises:
        UsageError: there is none, or it gives no maps.
    """
    shapes = method.backbone.shapes
    maps = [layer for layer in method.backbone.layers if len(shapes[layer]) == 3]
    layer = name or ("conv5" if "conv5" in maps else maps[-1] if maps else "")
    if layer not in maps:
        raise UsageError(f"no map at layer {layer or 'any'}: choose among {', '.join(maps) or 'another backbone'}")
    return layer


@torch.no_grad()
def _peaks(method: ImageEncoder, test: Images, layer: str) -> NDArray[np.float32]:
    """Return (N, C) the largest activation of each unit in each image."""
    found = []
    for start in range(0, len(test), 64):
        batch = batch_on(method.device, test, np.arange(start, min(start + 64, len(test))))
        maps = method.backbone.features(method.prepared(batch), (layer,))[layer]
        found.append(maps.amax((2, 3)).float().cpu().numpy())
    return np.concatenate(found)


def _agreement(image: NDArray[np.int64], label: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (C,) the share of (C, M) images that are of the commonest class of each unit; NaN without classes."""
    known = label[image]
    each = [np.bincount(row[row >= 0]).max() / len(row) if (row >= 0).any() else np.nan for row in known]
    return np.array(each, np.float64)


@torch.no_grad()
def _masked(method: ImageEncoder, layer: str, images: Images, unit: int, region: float) -> NDArray[np.uint8]:
    """Return (M, S, S, C) pictures of images, dimmed where a unit is not highly active."""
    batch = batch_on(method.device, images, np.arange(len(images)))
    maps = method.backbone.features(method.prepared(batch), (layer,))[layer][:, unit : unit + 1].float()
    large = F.interpolate(maps, (SHOWN, SHOWN), mode="bilinear", align_corners=False)[:, 0]
    active = (large >= region * large.amax((1, 2), keepdim=True)).cpu().numpy()
    shown = thumbnails(images, SHOWN)
    return np.where(active[..., None], shown, DIMMED * shown).astype(np.uint8)


def _sounds(test: Images, images: NDArray[np.int64]) -> dict[str, NDArray[np.generic]]:
    """Return the sound around each of (U, M) frames, as loud as 8 bits hold; nothing where these are no frames."""
    moments = test.moments
    if moments is None:
        return {}
    waves = [moments.sound(int(index), rate=SOUND_RATE) for index in images.reshape(-1)]
    length = np.array([len(wave) for wave in waves], np.int64)
    sound = np.full((len(waves), length.max(initial=0)), 128, np.uint8)
    for row, wave in zip(sound, waves, strict=True):
        loudest = np.abs(wave).max(initial=0)
        row[: len(wave)] = np.round(128 + 127 * wave / (loudest or 1))
    return {
        "sound": sound.reshape(*images.shape, sound.shape[1]),
        "length": length.reshape(images.shape),
        "rate": np.array(SOUND_RATE),
    }
