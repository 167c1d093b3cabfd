"""How well the class of a shape can be told from a method's features.

Source: the classification of Sharma, Grau, Fritz, *VConv-DAE: Deep Volumetric Shape Learning Without Object Labels*,
2016, table 1: a linear support vector machine on the frozen bottleneck, every rotated view a sample of its own; and
fine-tuning of the whole network.

Differs from the paper: the machine's cost is chosen by cross-validation over training objects; rows for chance, raw
cells and random weights; a second score per object, whose views are summed, as VoxNet is scored (Maturana, Scherer,
*VoxNet*, 2015).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup import methods, training
from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import encode_all, encode_layers, raw_cells, untrained
from lessup.methods import Method
from lessup.metrics.class_means import class_means
from lessup.metrics.confusion import confusion
from lessup.probes.fine_tuning import FineTuned, FineTuningConfig
from lessup.probes.linear_svm import SVMScores, linear_svm
from lessup.runs import Training
from lessup.samples import Samples
from lessup.samples.splits import Split
from lessup.samples.voxels import Voxels
from lessup.training.unrecorded import fit_unrecorded


class ShapeClassification(Protocol):
    """Accuracy in percent by view and by object, and the share of each class that is recognised.

    Figures: ``confusion_ROW`` and ``confusion_object_ROW`` (K, K) counts with true classes as rows, for each row but
    chance; ``classes`` (K,).
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            layers: names of layers, of which cross-validation over training objects chooses one for each row; all
                layers of the method if none is given.
            seed: of the random weights, of fine-tuning and of VoxNet.
            views: use the first views of each object alone; 0 uses all.
            fine_tuned: also fine-tune the whole network; takes minutes.
            fine_tuning_steps: updates of fine-tuning.
            fine_tuning_batch_size: shapes per update of fine-tuning.
            fine_tuning_learning_rate: of the new classifier, peak of its cosine; the network has a tenth of it.
            voxnet: also train the supervised VoxNet on the same objects with its ``cpu`` recipe; takes minutes.
            voxnet_steps: updates of VoxNet; 0 takes the recipe's.
        """

        layers: tuple[str, ...] = ()
        seed: int = 0
        views: int = 0
        fine_tuned: bool = False
        fine_tuning_steps: int = 2_000
        fine_tuning_batch_size: int = 32
        fine_tuning_learning_rate: float = 1e-3
        voxnet: bool = False
        voxnet_steps: int = 0

    paper: ClassVar[str] = "Sharma, Grau, Fritz, VConv-DAE, 2016, https://arxiv.org/abs/1604.03755"
    reads: ClassVar[tuple[str, ...]] = ("voxels", "label")
    needs: ClassVar[type[Method]] = Method  # type: ignore[type-abstract]
    learns: ClassVar[bool] = True
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fit a machine to each kind of features on the training objects and score the test part.

        Raises:
            DataError: a part is empty, a label is missing, or a class has too few objects.
        """
        parts = _checked(split, self.config.views)
        layers = tuple(method.chosen(layer) for layer in self.config.layers) or method.layers
        random = untrained(method, self.config.seed)
        machines = {
            "raw_voxels": _machine(lambda part: {"cells": raw_cells(part)}, parts, scale=False),  # cells have one unit
            "random": _machine(lambda part: encode_layers(random, part, layers), parts),
            "model": _machine(lambda part: encode_layers(method, part, layers), parts),
        }
        scores = {row: machine.chosen.scores for row, machine in machines.items()}
        if self.config.fine_tuned:
            scores["fine_tuned"] = self._fine_tuned(method, machines["model"].layer, parts)
        if self.config.voxnet:
            scores["voxnet"] = self._voxnet(parts, method.device)
        rows = {"chance": _accuracies(_most_common(parts), parts.test)}
        rows |= {row: _accuracies(values, parts.test) for row, values in scores.items()}
        choices = "; ".join(f"{row}: {machine.choice}" for row, machine in machines.items())
        notes = [f"chosen by cross-validation over training objects: {choices}"]
        if not self.config.voxnet:
            notes.append("the fully supervised row is left out: pass --voxnet to train VoxNet on the same objects")
        return Result(rows, _figures(scores, parts.test), tuple(notes))

    def _fine_tuned(self, method: Method, layer: str, parts: Split) -> NDArray[np.float64]:
        width = encode_all(method, parts.test.take(np.arange(1)), layer=layer).shape[1]
        head = FineTuningConfig(
            num_classes=len(parts.test.classes), learning_rate=self.config.fine_tuning_learning_rate
        )
        with torch.random.fork_rng(devices=[]):
            torch.default_generator.manual_seed(self.config.seed)
            network = FineTuned(method, layer, width, head)
        settings = Training(
            steps=self.config.fine_tuning_steps,
            batch_size=self.config.fine_tuning_batch_size,
            seed=self.config.seed,
        )
        return _train_and_score(network, settings, parts, method.device)

    def _voxnet(self, parts: Split, device: torch.device) -> NDArray[np.float64]:
        recipe = methods.recipes("voxnet")["cpu"]()
        config = methods.load("voxnet").configured(recipe.config, parts.train)
        network = training.build("voxnet", config, self.config.seed)
        steps = self.config.voxnet_steps or recipe.training.steps
        settings = replace(recipe.training, steps=steps, seed=self.config.seed)
        return _train_and_score(network, settings, parts, device)


def _checked(split: Split, views: int) -> Split:
    """Return the parts, reduced to the first views."""
    few = {name: _voxels(getattr(split, name)).first_views(views) for name in ("train", "validation", "test")}
    unlabelled = sum(int((part.label < 0).sum()) for part in few.values())
    if unlabelled:
        raise DataError(f"{unlabelled} shapes have no label: put the shapes of each class in a folder of its own")
    if not len(few["train"]) or not len(few["test"]):
        raise DataError("classification needs training and held-out shapes: use --folds 2 or more")
    return Split(*few.values())


def _voxels(samples: Samples) -> Voxels:
    assert isinstance(samples, Voxels)
    return samples


def _training_parts(parts: Split) -> list[Voxels]:
    """Return the parts with training objects; validation objects are such as well."""
    return [_voxels(part) for part in (parts.train, parts.validation) if len(part)]


@dataclass(frozen=True)
class _Machine:
    """The machine on the layer whose cross-validated accuracy is best, and that accuracy in percent by layer."""

    layer: str
    chosen: SVMScores
    validation: Mapping[str, float]

    @property
    def choice(self) -> str:
        """What was chosen, and what the layers were worth."""
        others = ", ".join(f"{layer} {accuracy:.1f} %" for layer, accuracy in self.validation.items())
        return f"{self.layer}, cost {self.chosen.cost:g} ({others})"


def _machine(
    encode: Callable[[Voxels], Mapping[str, NDArray[np.float32]]], parts: Split, *, scale: bool = True
) -> _Machine:
    """Fit a machine to each layer of all training objects and keep the best by cross-validation."""
    known = _training_parts(parts)
    encoded, asked = [encode(part) for part in known], encode(_voxels(parts.test))
    machines = {
        layer: linear_svm(
            np.concatenate([features[layer] for features in encoded]),
            np.concatenate([part.label for part in known]),
            np.concatenate([part.group for part in known]),
            asked[layer],
            num_classes=len(parts.test.classes),
            scale=scale,
        )
        for layer in asked
    }
    validation = {layer: machine.validation_accuracy for layer, machine in machines.items()}
    best = max(machines, key=lambda layer: validation[layer])
    return _Machine(best, machines[best], validation)


def _train_and_score(network: Method, settings: Training, parts: Split, device: torch.device) -> NDArray[np.float64]:
    """Train on the training part and return (M, K) logits."""
    fit_unrecorded(network.to(device), parts.train, settings)
    return encode_all(network, parts.test, layer="logits").astype(np.float64)


def _most_common(parts: Split) -> NDArray[np.float64]:
    """Return (M, K) scores that always decide on the class with most training samples."""
    counts = np.bincount(parts.train.label, minlength=len(parts.test.classes))
    return np.tile(counts.astype(np.float64), (len(parts.test), 1))


def _by_object(scores: NDArray[np.float64], test: Samples) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return (O, K) scores summed over the views of each object, and the (O,) labels."""
    _, first, number = np.unique(test.group, return_index=True, return_inverse=True)
    sums = np.zeros((len(first), scores.shape[1]))
    np.add.at(sums, number, scores)
    return sums, test.label[first]


def _accuracies(scores: NDArray[np.float64], test: Samples) -> dict[str, Score]:
    """Return the share of views and of objects that are decided right, in percent, overall and for each class."""
    results = {}
    for metric, values, label in (
        ("accuracy_view", scores, test.label),
        ("accuracy_object", *_by_object(scores, test)),
    ):
        right = 100.0 * (values.argmax(1) == label)
        results[metric] = Score(float(right.mean()))
        by_class = class_means(right, label, test.classes)
        results |= {f"{metric}/{name}": Score(share) for name, share in by_class.items()}
    return results


def _figures(scores: dict[str, NDArray[np.float64]], test: Samples) -> dict[str, NDArray[np.generic]]:
    figures: dict[str, NDArray[np.generic]] = {"classes": np.array(test.classes)}
    for row, values in scores.items():
        summed, label = _by_object(values, test)
        figures[f"confusion_{row}"] = confusion(test.label, values.argmax(1), len(test.classes))
        figures[f"confusion_object_{row}"] = confusion(label, summed.argmax(1), len(test.classes))
    return figures
