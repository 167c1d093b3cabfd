"""`lessup segment --data DATA --tags tags.csv --out RUN`: from tags to masks and a segmenter.

Source: Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017,
https://arxiv.org/abs/1701.08261; the stages are in ``masks/stages.py``.
"""

import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lessup import data as sources
from lessup import training as fitting
from lessup.data import image_table
from lessup.errors import DataError, RunError, UsageError
from lessup.experiments import Settings, settings
from lessup.experiments.description import MAY_CHANGE_ON_RESUME
from lessup.masks.dense_crf import FINAL
from lessup.masks.fine_maps import FineMaps
from lessup.masks.guide_labels import GuideConfig, g0, g2
from lessup.masks.mask_files import write_masks
from lessup.masks.overlays import photograph
from lessup.masks.saliency import PAPER, saliency
from lessup.masks.segmenter import LabelMapConfig, label_maps
from lessup.masks.stages import (
    ClassMaps,
    Guide,
    guide_maps,
    place,
    saliency_maps,
    seed_maps,
    seed_threshold,
    tagged_maps,
)
from lessup.methods import Classifier, Method, Segmenter, recipes
from lessup.runs.files import is_first_process, is_occupied, read_json, write_json
from lessup.runs.provenance import provenance
from lessup.runs.within import RECORD
from lessup.samples import Reading, Samples
from lessup.samples.images import Images, Ragged
from lessup.samples.label_draws import labelled, targets
from lessup.samples.map_file import stored_maps
from lessup.samples.splits import Folds, Split
from lessup.verbs.left_out import say_left_out
from lessup.verbs.training import train_on

OTHER_SCALE = 1.5
"""At which the network sees images again when the threshold is chosen."""


@dataclass(frozen=True, kw_only=True)
class FromTagsConfig:
    """How masks are made from tags.

    Attributes:
        backbone: of the network that finds seeds, and of the segmenter.
        weights: file, run folder or ``imagenet``, from which both begin; empty for random weights.
        seeder_steps: updates of the network that finds seeds; 0 takes those of the recipe ``cpu`` of ``cam``.
        segmenter_steps: updates of the segmenter; 0 takes those of the recipe ``cpu`` of ``deeplab``.
        saliency: ``contrast`` with what lies along the rim, or ``none``.
        threshold: confidence from which on a pixel is a seed; 0 chooses it without masks.
        guide: ``g2`` spreads seeds through what is salient, ``g0`` gives every salient region a random class.
        rounds: 2 trains a second segmenter on the masks of the first.
        crf: whether a dense CRF follows the segmenter.
        seed: of all that is drawn.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    seeder_steps: int = 0
    segmenter_steps: int = 0
    saliency: Literal["contrast", "none"] = "contrast"
    threshold: float = 0.0
    guide: Literal["g2", "g0"] = "g2"
    rounds: int = 1
    crf: bool = True
    seed: int = 0


def segment_from_tags(
    data: str,
    out: str | Path,
    *,
    tags: str = "",
    config: FromTagsConfig | None = None,
    reading: Reading | None = None,
    overlays: bool = True,
    device: str = "cpu",
) -> dict[str, Any]:
    """Learn from tags to segment: find seeds and what is salient, make guide labels, train a segmenter on them.

    What a stage found stays in ``OUT/stages`` and is used again by a run with the same data and settings; one that was
    stopped goes on. Images of the data's own test part are left alone, and so are masks that it has.

    Args:
        data: path or name of the images.
        out: folder to write ``masks/``, ``overlays/`` and ``labels.txt`` of the images to, and ``segment.json``.
        tags: table of image and tags; those of the data itself if empty.
        config: how.
        reading: how the data is read.
        overlays: whether pictures of image and mask are written.
        device: where to compute.

    Returns:
        The content of ``segment.json``.

    Raises:
        UsageError: a setting is out of range.
        DataError: the data is no images, or none of them has tags.
        RunError: the folder holds something else, or cannot be written.
    """
    config, reading, out = config or FromTagsConfig(), reading or Reading(), Path(out)
    _check(config, out)
    samples = image_table.load_named(Path(data), Path(tags), reading) if tags else sources.load(data, reading)
    say_left_out(samples, data)
    images, notes = _learnt_from(samples, data)
    if notes:
        _say(*notes)
    begun = {"data": data, "tags": tags, "settings": asdict(config), "images": len(images), "notes": notes}
    write_json(out / RECORD, {**begun, **provenance()})
    work = _Work(images, data, out, config, reading, device)
    seeds, salient = work.seeds(), work.saliency()
    threshold = config.threshold or work.threshold(seeds, salient)
    masks, segmenter = work.segmented(work.guide_labels(seeds, salient, threshold))
    classes = write_masks(out, images, (masks[index][..., 0] for index in range(len(masks))), overlays=overlays)
    record = {**begun, "threshold": threshold, "segmenter": segmenter, "classes": classes, **provenance()}
    write_json(out / RECORD, record)
    return record


@dataclass(frozen=True)
class _Kept:
    """What a stage found: maps of all images, and the file that they are in."""

    maps: Ragged
    at: Path


@dataclass(frozen=True)
class _Work:
    """The stages of one run.

    Attributes:
        images: those that are learnt from.
        data: their path or name.
        out: the folder.
        config: how.
        reading: how the images were read.
        device: where to compute.
    """

    images: Images
    data: str
    out: Path
    config: FromTagsConfig
    reading: Reading
    device: str

    def seeds(self) -> _Kept:
        """Train the network that finds seeds, and keep those of all images."""
        at = place(self.out, "seeds", {"scale": 1.0}, self.seeder_place().name)
        return _Kept(seed_maps(at, self.images, self.class_maps(1.0)), at)

    def class_maps(self, scale: float) -> ClassMaps:
        """Return what reads class maps; the network is trained or restored when the first is asked for."""
        read: list[ClassMaps] = []

        def maps(some: NDArray[np.int64]) -> Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]]:
            if not read:
                seeder = self.trained(self.seeder_place(), self.images, self.asked("cam", self.config.seeder_steps))
                assert isinstance(seeder, Classifier)
                read.append(tagged_maps(FineMaps(seeder), self.images, scale=scale))
            return read[0](some)

        return maps

    def seeder_place(self) -> Path:
        """Return the run folder of the network that finds seeds."""
        return self.run_place("seeder", self.asked("cam", self.config.seeder_steps), self.images.fingerprint)

    def saliency(self) -> _Kept:
        """Keep what is salient in all images."""
        kind = self.config.saliency
        at = place(self.out, "saliency", {"kind": kind, "config": asdict(PAPER)}, self.images.fingerprint)
        _say(f"saliency ({kind}) of {len(self.images)} images")
        return _Kept(saliency_maps(at, self.images, saliency if kind == "contrast" else _nothing), at)

    def threshold(self, seeds: _Kept, salient: _Kept) -> float:
        """Choose the confidence of a seed without masks."""
        at = place(self.out, "threshold", {"scale": OTHER_SCALE}, seeds.at.name, salient.at.name).with_suffix(".json")
        if not at.is_file():
            found = seed_threshold(seeds.maps, salient.maps, self.class_maps(OTHER_SCALE))
            write_json(at, {"threshold": found})
        return float(read_json(at)["threshold"])

    def guide_labels(self, seeds: _Kept, salient: _Kept, threshold: float) -> _Kept:
        """Put seeds and saliency together."""
        how = {"guide": self.config.guide, "config": asdict(GuideConfig()), "seed": self.config.seed}
        at = place(self.out, "guide", {**how, "threshold": threshold}, seeds.at.name, salient.at.name)
        _say(f"guide labels ({self.config.guide}) from seeds of a confidence of {threshold:.2f}")
        return _Kept(guide_maps(at, self.images, seeds.maps, salient.maps, threshold, self.guide()), at)

    def guide(self) -> Guide:
        """Return what labels an image from its seeds and what is salient."""
        images, seed, tags = self.images, self.config.seed, targets(self.images)
        if self.config.guide == "g2":
            return lambda index, seeds, salient: g2(seeds, salient, photograph(images.pixels[index]), GuideConfig())
        return lambda index, _, salient: g0(salient, tags[index], np.random.default_rng((seed, index)), GuideConfig())

    def segmented(self, labels: _Kept) -> tuple[Ragged, str]:
        """Train a segmenter, or one after the other, and return the masks of all images and its place in the folder."""
        asked = self.asked("deeplab", self.config.segmenter_steps)
        tagged = replace(self.images, tags=targets(self.images))
        crf = LabelMapConfig(crf=FINAL if self.config.crf else None, tagged=True)
        for _ in range(self.config.rounds):
            run = self.run_place("segmenter", asked, labels.at.name)
            segmenter = self.trained(run, self.images.with_masks(labels.maps), asked)
            assert isinstance(segmenter, Segmenter)
            at = place(self.out, "masks", asdict(crf), run.name)
            _say(f"masks of {len(tagged)} images")
            found = stored_maps(at, tagged.pixels.extent, partial(label_maps, segmenter, tagged, config=crf))
            labels = _Kept(found, at)
        return labels.maps, run.relative_to(self.out).as_posix()

    def asked(self, method: str, steps: int) -> Settings:
        """Return the recipe ``cpu`` of a method, on the backbone and for the updates that are asked for."""
        recipe = recipes(method)["cpu"]()
        own = {"backbone": self.config.backbone, "weights": self.config.weights}
        if method == "deeplab" and recipe.config.backbone != self.config.backbone:
            own["layer"] = ""  # the recipe's is one of its own backbone
        device = "cpu" if self.device == "cpu" else "auto"
        training = {"seed": self.config.seed, "steps": steps or recipe.training.steps, "device": device}
        folds = Folds(folds=1, official=False)
        return settings(method, self.data, config=own, training=training, reading=self.reading, folds=folds)

    def run_place(self, name: str, asked: Settings, *inputs: str) -> Path:
        """Return the run folder for what is asked for."""
        learnt = {key: value for key, value in asdict(asked.training).items() if key not in MAY_CHANGE_ON_RESUME}
        how = {"method": asked.method, "config": asdict(asked.config), "steps": asked.training.steps, **learnt}
        return place(self.out, name, how, *inputs)

    def trained(self, at: Path, images: Images, asked: Settings) -> Method:
        """Return a trained method, which is trained or gone on with where it is not done."""
        nothing = images.take(np.arange(0))
        parts = Split(train=images, validation=nothing, test=nothing)
        _say(f"{asked.method}: {asked.training.steps} updates in {at}")
        run = train_on(images, asked, at, parts=parts, resume=(at / "config.json").is_file())
        return fitting.restore(run, device=self.device)


def _nothing(pixels: NDArray[np.uint8]) -> NDArray[np.floating]:
    return np.zeros(pixels.shape[:2])


def _check(config: FromTagsConfig, out: Path) -> None:
    if config.rounds < 1 or not 0 <= config.threshold <= 1 or min(config.seeder_steps, config.segmenter_steps) < 0:
        raise UsageError("wanted --rounds of 1 or more, a --threshold from 0 to 1, and steps of 0 or more")
    if is_occupied(out) and not (out / RECORD).is_file():
        raise RunError(f"{out} holds something else already: pass another --out (nothing was written)")


def _learnt_from(samples: Samples, data: str) -> tuple[Images, list[str]]:
    """Return the images whose tags are known, without masks, and what is to be said of the others.

    Raises:
        DataError: there are none.
    """
    if not isinstance(samples, Images):
        raise DataError(f"{data} holds no images: masks are made of images and tags")
    tags, known, tested = targets(samples), labelled(samples), samples.official == "test"
    kept = np.flatnonzero(known & ~tested)
    if not len(kept):
        raise DataError(f"no image of {data} has tags: name a table with --tags, of columns image and tags")
    images, count = replace(samples.take(kept), masks=None, boxes=None), (tags[kept] == 1).sum(0)
    told = {
        "images of the test part are left alone": int(tested.sum()),
        "images without tags are not learnt from": int((~known & ~tested).sum()),
    }
    notes = [f"{number} {what}" for what, number in told.items() if number]
    for what, there in {"no image has": count == 0, "every image has": count == len(kept)}.items():
        notes += [f"{what} {name}: nothing can be learnt of it" for name in np.array(samples.classes)[there]]
    return images, notes


def _say(*sentences: str) -> None:
    if is_first_process():
        print(*sentences, sep="\n", file=sys.stderr, flush=True)
