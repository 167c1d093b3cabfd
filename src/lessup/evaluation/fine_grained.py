"""Whether classes are told better where their own maps point: features of the whole image, of a crop, and of both.

Source: Zhou, Khosla, Lapedriza, Oliva, Torralba, *Learning Deep Features for Discriminative Localization*, 2016,
section 4.1 and table 4: a linear machine on pooled features of whole images makes class maps; the box around the
largest part above 20 % of the maximum is cut out of training and test images and encoded again, and a second machine
learns from that.

Differs from the paper: any network; a central crop stands beside the one that was found, chance and the untrained
network beside the model. Training images take the box of their likeliest class, as test images must; no box label is
looked at.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import UsageError
from lessup.evaluation import LabelConfig, LabelProtocol, Result, scores_over, settings_apart
from lessup.features import untrained
from lessup.masks.boxes import SHARE, Scale, central_box
from lessup.masks.class_map_crops import class_boxes, encode_boxes
from lessup.masks.deep_features import LAYER, pooling_network, with_weights
from lessup.methods import Classifier, ImageEncoder, Method
from lessup.metrics.decisions import decision_scores
from lessup.probes.layer_choice import COSTS, support_vector_machine
from lessup.probes.linear_layer import LinearLayer, linear_layer
from lessup.probes.linear_rows import chance, counted
from lessup.samples.images import Images
from lessup.samples.label_draws import Draw, LabelledPool
from lessup.samples.splits import Split

CENTRAL = 0.75
"""Side of the central crop as a share of the image's, as in ``localization``."""

VIEWS = ("whole", "central", "crop", "both")
"""What is encoded; ``both`` is the whole image and the crop, one after the other."""


class FineGrained(LabelProtocol):
    """``accuracy_VIEW`` and ``class_mean_VIEW`` in percent; where images have several classes, ``map_VIEW``.

    Views are ``whole``, ``central`` (three quarters of each side), ``crop`` (the box of the likeliest class) and
    ``both`` (whole and crop). ``area`` is the mean share of the images that the crop covers, in percent.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config(LabelConfig):
        """What is measured.

        Attributes:
            threshold: share of the maximum of a map above which it is the object.
            scale: whether 0 of a map is its least value (`range`) or no evidence for the class (`maximum`).
            costs: of a training error, to choose from; the first one where too few samples are known to choose.
        """

        threshold: float = SHARE
        scale: Scale = "maximum"
        costs: tuple[float, ...] = COSTS

    paper: ClassVar[str] = (
        "Zhou, Khosla, Lapedriza, Oliva, Torralba, Learning Deep Features for Discriminative Localization, 2016, "
        "https://arxiv.org/abs/1512.04150"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "label")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fit machines to every view of the known images of every draw, and score the others, or the test part.

        Raises:
            DataError: too few images have a label, or all features are equal.
            UsageError: the network has no map, or a setting is out of range.
        """
        assert isinstance(method, ImageEncoder)
        config = self.config
        if not 0 <= config.threshold < 1:
            raise UsageError(f"--threshold {config.threshold}: wanted a share of the maximum, from 0 to below 1")
        pool, draws = self.drawn(split)
        rows: dict[str, list[dict[str, float]]] = {}
        networks = {"model": method}
        if config.references:
            guessed = [chance(pool, draw) for draw in draws]
            rows["chance"] = [settings_apart(dict.fromkeys(VIEWS, own)) for own in guessed]
            fresh = untrained(method, config.seed)
            assert isinstance(fresh, ImageEncoder)
            networks = {"random": fresh, **networks}
        for row, network in networks.items():
            rows[row] = self._told(network, pool, draws)
        crop = (
            f"the crop is the box of the likeliest class, the largest part above {100 * config.threshold:g} % of the "
            "maximum of its map; no box label was looked at"
        )
        return Result({row: scores_over(own) for row, own in rows.items()}, notes=(crop, *counted(pool, draws)))

    def _told(self, method: ImageEncoder, pool: LabelledPool, draws: list[Draw]) -> list[dict[str, float]]:
        """Return the scores of every draw."""
        network = pooling_network(method, len(pool.classes))
        images = pool.join(np.arange(len(pool.targets)))
        height, width = images.pixels.extent.T
        central = np.concatenate([central_box((int(h), int(w)), CENTRAL) for h, w in images.pixels.extent])
        entire = np.stack([0 * width, 0 * height, width, height], 1).astype(np.float64)
        views = {
            name: encode_boxes(network, images, box, LAYER) for name, box in (("whole", entire), ("central", central))
        }
        found = []
        for draw in draws:
            layer = self._layer(views["whole"], pool, draw)
            boxes = self._boxes(with_weights(network, layer), images, layer.scores(views["whole"]))
            crop = encode_boxes(network, images, boxes, LAYER)
            own = views | {"crop": crop, "both": np.concatenate([views["whole"], crop], 1)}
            area = ((boxes[:, 2:] - boxes[:, :2]).prod(1) / (height * width)).mean()
            found.append(self._scores(own, pool, draw) | {"area": 100 * float(area)})
        return found

    def _layer(self, features: NDArray[np.float32], pool: LabelledPool, draw: Draw) -> LinearLayer:
        return linear_layer(features, pool, draw.known, support_vector_machine(self.config.costs))

    def _boxes(self, network: Classifier, images: Images, scores: NDArray[np.float32]) -> NDArray[np.float64]:
        likeliest = scores.argmax(1).astype(np.int64)
        return class_boxes(network, images, likeliest, share=self.config.threshold, scale=self.config.scale)

    def _scores(self, views: Mapping[str, NDArray[np.float32]], pool: LabelledPool, draw: Draw) -> dict[str, float]:
        asked = pool.targets[draw.asked]
        told = {name: self._layer(own, pool, draw).scores(own[draw.asked]) for name, own in views.items()}
        return settings_apart(
            {name: decision_scores(own, asked, pool.classes, several=pool.several) for name, own in told.items()}
        )
