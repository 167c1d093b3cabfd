"""The stages from tags to masks, each of which keeps what it found in the folder of the whole.

Source: Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017,
https://arxiv.org/abs/1701.08261; the stages as functions of arrays are in ``masks/stages.py``.
"""

import difflib
import sys
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lessup import training as fitting
from lessup.errors import DataError, UsageError
from lessup.experiments import Settings, settings
from lessup.experiments.description import MAY_CHANGE_ON_RESUME
from lessup.masks.dense_crf import FINAL, PHOTOGRAPH
from lessup.masks.fine_maps import FineMaps
from lessup.masks.guide_labels import Flags, GuideConfig, Labels, commonest, g0, g1, g2
from lessup.masks.joint_saliency import JOINT
from lessup.masks.network_saliency import network_saliency, saliency_network
from lessup.masks.overlays import photograph
from lessup.masks.region_scores import blanked_scores
from lessup.masks.saliency import PAPER, saliency
from lessup.masks.segmenter import LabelMapConfig, label_maps
from lessup.masks.stage_figures import stage_figures
from lessup.masks.stages import (
    ClassMaps,
    Guide,
    Salient,
    guide_maps,
    joint_maps,
    oracle_maps,
    place,
    saliency_maps,
    seed_maps,
    seed_threshold,
    tagged_maps,
)
from lessup.masks.tag_remarks import tag_remarks
from lessup.methods import Classifier, Method, Segmenter, recipes
from lessup.methods.deeplab import DeepLab
from lessup.runs.files import is_first_process, read_json, write_json
from lessup.samples import Reading, Samples
from lessup.samples.assembly import fingerprint
from lessup.samples.images import Images, Ragged
from lessup.samples.label_draws import labelled, targets
from lessup.samples.map_file import stored_maps
from lessup.samples.splits import Folds, Split
from lessup.training.modes import batch_on
from lessup.verbs.trained import load
from lessup.verbs.training import train_on

SALIENCY = ("joint", "contrast", "none", "oracle")
"""Kinds of saliency that need no network."""


@dataclass(frozen=True, kw_only=True)
class FromTagsConfig:
    """How masks are made from tags.

    Attributes:
        backbone: of the network that finds seeds, and of the segmenter.
        weights: file, run folder or ``imagenet``, from which both begin; empty for random weights.
        seeder_steps: updates of the network that finds seeds; 0 takes those of the recipe ``cpu`` of ``cam``.
        segmenter_steps: updates of the segmenter; 0 takes those of the recipe ``cpu`` of ``deeplab``.
        saliency: ``contrast`` with what lies along the rim; ``joint`` lets class maps tell where in the image that
            counts; ``none``; or the run folder of a network that learnt it from boxes. ``oracle`` is the true
            foreground, and leaves out the images without a mask.
        threshold: confidence from which on a pixel is a seed; 0 chooses it without masks.
        guide: ``g2`` spreads seeds through what is salient, ``g1`` gives every salient region the class that the
            network which finds seeds sees in it, ``g0`` a random class, ``saliency`` the commonest of the image's;
            ``seeds`` are the seeds alone; ``masks`` are those of the data, the ceiling, and leave out the images
            without one.
        rounds: 2 trains a second segmenter on the masks of the first.
        crf: whether a dense CRF follows the segmenter.
        seed: of all that is drawn.
    """

    backbone: str = "efficientnet-lite0"
    weights: str = "imagenet"
    seeder_steps: int = 0
    segmenter_steps: int = 0
    saliency: str = "joint"
    threshold: float = 0.0
    guide: Literal["g2", "g1", "g0", "saliency", "seeds", "masks"] = "g2"
    rounds: int = 1
    crf: bool = True
    seed: int = 0

    @property
    def looks_at_masks(self) -> bool:
        """Whether true masks are used, for rows beside which others are set."""
        return self.saliency == "oracle" or self.guide == "masks"


@dataclass(frozen=True)
class Kept:
    """What a stage found: maps of all images, and the file that they are in.

    Attributes:
        maps: N maps.
        at: the file; its name stands for all that the maps depend on.
    """

    maps: Ragged
    at: Path


@dataclass(frozen=True)
class TagStages:
    """The stages of one run.

    Attributes:
        images: those that are learnt from, without masks.
        truth: their masks, where the data has some; looked at where the config says so, and nowhere else.
        data: their path or name.
        out: the folder.
        config: how.
        reading: how the images were read.
        device: where to compute.
    """

    images: Images
    truth: Ragged | None
    data: str
    out: Path
    config: FromTagsConfig
    reading: Reading
    device: str

    def seeds(self) -> Kept:
        """Train the network that finds seeds, and keep those of all images."""
        at = place(self.out, "seeds", {"places": "shares"}, self.seeder_place().name)
        return Kept(seed_maps(at, self.images, self.class_maps()), at)

    def class_maps(self) -> ClassMaps:
        """Return what reads class maps; the network is trained or restored when the first is asked for."""
        read: list[ClassMaps] = []

        def maps(some: NDArray[np.int64]) -> Iterable[tuple[NDArray[np.int64], NDArray[np.floating]]]:
            if not read:
                read.append(tagged_maps(FineMaps(self.seeder()), self.images))
            return read[0](some)

        return maps

    def seeder(self) -> Classifier:
        """Return the network that finds seeds, which is trained where that is not done."""
        seeder = self.trained(self.seeder_place(), self.images, self.asked("cam", self.config.seeder_steps))
        assert isinstance(seeder, Classifier)
        return seeder

    def seeder_place(self) -> Path:
        """Return the run folder of the network that finds seeds."""
        return self.run_place("seeder", self.asked("cam", self.config.seeder_steps), self.images.fingerprint)

    def saliency(self) -> Kept:
        """Keep what is salient in all images, before class maps have a say in it."""
        kind = "contrast" if self.config.saliency == "joint" else self.config.saliency
        salient: Salient = _nothing
        how: dict[str, Any] = {"kind": kind, "config": asdict(PAPER)}
        if kind == "contrast":
            salient = saliency
        elif kind not in SALIENCY:
            network = load_saliency_network(kind, device=self.device)
            weights = [value.cpu().numpy() for value in network.state_dict().values()]
            how, salient = {"weights": fingerprint(*weights)}, partial(network_saliency, network)
        at = place(self.out, "saliency", how, self.images.fingerprint)
        if not at.is_file():
            say(f"saliency ({kind}) of {len(self.images)} images")
        if kind == "oracle":
            return Kept(oracle_maps(at, self.masks()), at)
        return Kept(saliency_maps(at, self.images, salient), at)

    def masks(self) -> Ragged:
        """Return the masks that the data has.

        Raises:
            DataError: it has none.
        """
        if self.truth is None or not len(self.used()):
            raise DataError(f"{self.data} has no masks: wanted another --saliency, joint say, and another --guide")
        return self.truth

    def used(self) -> NDArray[np.int64]:
        """Return the numbers of the images that are learnt from: those with a mask, where masks are looked at."""
        if not self.config.looks_at_masks:
            return np.arange(len(self.images))
        return np.flatnonzero(replace(self.images, masks=self.truth).masked())

    def threshold(self, seeds: Kept) -> float:
        """Choose the confidence of a seed without masks."""
        at = place(self.out, "threshold", {"by": "otsu"}, seeds.at.name).with_suffix(".json")
        if not at.is_file():
            write_json(at, {"threshold": seed_threshold(seeds.maps)})
        return float(read_json(at)["threshold"])

    def joint(self, seeds: Kept, salient: Kept, threshold: float) -> Kept:
        """Keep what is salient, where the config asks for it with a say of the class maps.

        Args:
            seeds: of ``seeds``.
            salient: of ``saliency``.
            threshold: confidence from which on a pixel is a seed.
        """
        if self.config.saliency != "joint":
            return salient
        how = {"config": asdict(JOINT), "threshold": threshold}
        at = place(self.out, "joint-saliency", how, seeds.at.name, salient.at.name)
        return Kept(joint_maps(at, self.images, seeds.maps, salient.maps, threshold), at)

    def guide_labels(self, seeds: Kept, salient: Kept, threshold: float) -> Kept:
        """Put seeds and saliency together.

        Args:
            seeds: of ``seeds``.
            salient: of ``joint``.
            threshold: confidence from which on a pixel is a seed.
        """
        how = {"guide": self.config.guide, "config": asdict(GuideConfig()), "seed": self.config.seed}
        at = place(self.out, "guide", {**how, "threshold": threshold}, seeds.at.name, salient.at.name)
        say(f"guide labels ({self.config.guide}) from seeds of a confidence of {threshold:.2f}")
        return Kept(guide_maps(at, self.images, seeds.maps, salient.maps, threshold, self.guide()), at)

    def guide(self) -> Guide:
        """Return what labels an image from its seeds and what is salient."""
        images, seed, tags, config = self.images, self.config.seed, targets(self.images), GuideConfig()
        match self.config.guide:
            case "g2":
                return lambda index, seeds, salient: g2(seeds, salient, photograph(images.pixels[index]), config)
            case "g1":
                return partial(_classified, self.seeder(), images)
            case "g0":
                return lambda index, _, salient: g0(salient, tags[index], np.random.default_rng((seed, index)), config)
            case "saliency":
                return lambda index, _, salient: commonest(salient, tags[index], (tags == 1).sum(0))
        return lambda _, seeds, __: seeds

    def labels(self) -> tuple[Kept, float | None]:
        """Return the labels that the segmenter learns from, and the confidence of a seed if seeds were looked for."""
        if self.config.guide == "masks":
            return Kept(self.masks(), place(self.out, "guide", "masks", self.images.fingerprint)), None
        seeds, salient = self.seeds(), self.saliency()
        threshold = self.config.threshold or self.threshold(seeds)
        return self.guide_labels(seeds, self.joint(seeds, salient, threshold), threshold), threshold

    def segmenter(self, labels: Kept) -> tuple[Segmenter, Path]:
        """Train a segmenter on labels of all images, and return it and its run folder."""
        asked, used = self.asked("deeplab", self.config.segmenter_steps), self.used()
        run = self.run_place("segmenter", asked, labels.at.name)
        segmenter = self.trained(run, self.images.take(used).with_masks(labels.maps.take(used)), asked)
        assert isinstance(segmenter, Segmenter)
        return segmenter, run

    def found(self, segmenter: Segmenter, run: Path) -> Kept:
        """Keep the masks that a segmenter finds in all images, among the classes that their tags name."""
        tagged = replace(self.images, tags=targets(self.images))
        crf = LabelMapConfig(crf=FINAL if self.config.crf else None, tagged=True)
        at = place(self.out, "masks", asdict(crf) | {"photograph": PHOTOGRAPH}, run.name)
        say(f"masks of {len(tagged)} images")
        return Kept(stored_maps(at, tagged.pixels.extent, partial(label_maps, segmenter, tagged, config=crf)), at)

    def figures(self, guide: Kept, masks: Kept, threshold: float | None) -> dict[str, NDArray[np.generic]]:
        """Return what every stage made of a handful of images, and their true masks, to look at; see ``stage_figures``.

        Args:
            guide: the labels that the first segmenter learnt from.
            masks: what the last segmenter found.
            threshold: confidence of a seed; None where none were looked for.
        """
        kept = {"guide": guide.maps, "mask": masks.maps} | ({"truth": self.truth} if self.truth else {})
        if threshold is None:
            return stage_figures(self.images, None, seeds=None, kept=kept)
        seeds = self.seeds()
        kept |= {"saliency": self.joint(seeds, self.saliency(), threshold).maps}
        return stage_figures(self.images, threshold, seeds=seeds.maps, kept=kept)

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
        say(f"{asked.method}: {asked.training.steps} updates in {at}")
        run = train_on(images, asked, at, parts=parts, resume=(at / "config.json").is_file())
        return fitting.restore(run, device=self.device)


def learnt_from(samples: Samples, data: str) -> tuple[Images, list[str]]:
    """Return the images whose tags are known, and what is to be said of the others.

    Args:
        samples: what was read.
        data: path or name of it.

    Raises:
        DataError: there are none.
    """
    if not isinstance(samples, Images):
        raise DataError(f"{data} holds no images: masks are made of images and tags")
    tags, known, tested = targets(samples), labelled(samples), samples.official == "test"
    kept = np.flatnonzero(known & ~tested)
    if not len(kept):
        raise DataError(f"no image of {data} has tags: name a table with --tags, of columns image and tags")
    told = {
        "images of the test part are left alone": int(tested.sum()),
        "images without tags are not learnt from": int((~known & ~tested).sum()),
    }
    notes = [f"{number} {what}" for what, number in told.items() if number]
    return replace(samples.take(kept), boxes=None), notes + tag_remarks(samples.classes, tags[kept])


def load_saliency_network(run: str, *, device: str) -> DeepLab:
    """Restore a network for saliency.

    Args:
        run: its run folder.
        device: where to compute.

    Raises:
        UsageError: no such run, or one of another kind.
    """
    if not (Path(run) / "config.json").is_file():
        near = difflib.get_close_matches(run, SALIENCY, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UsageError(f"--saliency {run}: wanted {', '.join(SALIENCY)} or the run folder of a network for it{hint}")
    return saliency_network(load(run, device=device)[1], run)


def say(*sentences: str) -> None:
    """Print sentences on standard error, once."""
    if is_first_process():
        print(*sentences, sep="\n", file=sys.stderr, flush=True)


def _classified(seeder: Classifier, images: Images, index: int, _: Labels, salient: Flags) -> Labels:
    """Return G1 of one image: each salient region has the class of its tags that the network sees in it."""
    scores = blanked_scores(seeder, batch_on(seeder.device, images, np.array([index])))
    return g1(salient, targets(images)[index], scores, GuideConfig())


def _nothing(pixels: NDArray[np.uint8]) -> NDArray[np.floating]:
    return np.zeros(pixels.shape[:2])
