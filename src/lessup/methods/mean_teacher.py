"""mean-teacher: a network learns from a few labels, and to agree with the running average of itself on all images.

Antti Tarvainen, Harri Valpola, *Mean Teachers Are Better Role Models: Weight-Averaged Consistency Targets Improve
Semi-Supervised Deep Learning Results*, 2017, https://arxiv.org/abs/1703.01780.

*Differs from the paper:* the backbone is ours or that of FixMatch, not the paper's convolutions with dropout; the betas
of Adam do not change, and its rate falls along a cosine; images are normalised by one mean and one deviation for all
before noise is added. With ``--accumulate`` the teacher moves once a part, not once an update.
"""

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from lessup.backbones import flat
from lessup.errors import UsageError
from lessup.losses.consistency import sigmoid_ramp_up, softmax_distance
from lessup.methods import Losses, Recipe, SemiSupervisedClassifier, SemiSupervisedConfig
from lessup.optimization import Optimization, decaying_apart
from lessup.runs import Training
from lessup.samples import Batch, Samples
from lessup.transforms.draws import Draws
from lessup.transforms.jitter import jittered
from lessup.transforms.shifts import shifted


@dataclass(frozen=True, kw_only=True)
class MeanTeacherConfig(SemiSupervisedConfig):
    """The published hyper-parameters, those for SVHN.

    Attributes:
        consistency: weight of the squared distance between student and teacher after its rise.
        ramp_up: updates over which it rises, and the rate of learning with it.
        decay: of the average that the teacher is, after the rise.
        early_decay: of the same before.
        jitter: how far images are turned, sheared, stretched and shifted besides, see ``jittered``; 0 is not at all.
        bend: how far they are bent, likewise.
        noise: standard deviation of what is added to normalised pixels.
        learning_rate: of Adam, its peak.
        weight_decay: of weights, not of biases and normalisations.
    """

    unlabelled: int = 99
    consistency: float = 100.0
    ramp_up: int = 40_000
    decay: float = 0.999
    early_decay: float = 0.99
    mirror: float = 0.0
    shift: float = 0.0625
    jitter: float = 0.0
    bend: float = 0.0
    noise: float = 0.15
    learning_rate: float = 0.003
    weight_decay: float = 0.0


class MeanTeacher(SemiSupervisedClassifier):
    """Two networks alike: the student is trained; its average, the teacher, is what is encoded and asked.

    Attributes:
        backbone: of the teacher.
        classifier: of the teacher.
        student: the other two, trained.
        updates: () int64, updates made so far.
    """

    Config: ClassVar = MeanTeacherConfig
    paper: ClassVar = (
        "Antti Tarvainen, Harri Valpola, Mean Teachers Are Better Role Models: Weight-Averaged Consistency Targets "
        "Improve Semi-Supervised Deep Learning Results, 2017, https://arxiv.org/abs/1703.01780"
    )
    config: MeanTeacherConfig
    updates: Tensor

    def __init__(self, config: MeanTeacherConfig) -> None:
        _check(config)
        super().__init__(config)
        self.student = nn.ModuleDict(copy.deepcopy({"backbone": self.backbone, "classifier": self.classifier}))
        for weight in (*self.backbone.parameters(), *self.classifier.parameters()):
            weight.requires_grad_(False)
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))

    def begin(self, samples: Samples, seed: int) -> None:
        """Load the backbone's weights, if the config names where they are, for both networks.

        Raises:
            DataError: the file cannot be used.
        """
        super().begin(samples, seed)
        self.student["backbone"].load_state_dict(self.backbone.state_dict())

    def step(self, batch: Batch, draws: Draws) -> Losses:
        """Move the teacher, then compute the loss of the labels and the distance between student and teacher.

        Args:
            batch: ``image`` (B, C, H, W), ``extent`` (B, 2) and ``label`` (B,); in training mode the first
                B / (1 + ``unlabelled``) are learnt with their labels, the others, whose labels are not looked at,
                without.
            draws: source of all changes.

        Returns:
            the player ``classification``: the cross-entropy of the labels over the number of all images, as published,
            and the weighted distance; the log has ``accuracy`` of the student in percent, and in training mode
            ``distance``.
        """
        if not self.training:
            return self.losses(self.classify(batch), batch)
        self._follow()
        image, known = self.whole(batch), self.num_known(batch)
        student, teacher = self._changed(image, draws), self._changed(image, draws)
        logits = self.student["classifier"](flat(self.student["backbone"](student)))
        with torch.no_grad():
            told = self.logits(teacher)
        of_labels = self.losses(logits[:known], {"label": batch["label"][:known]})
        distance = softmax_distance(logits, told)
        weight = self.config.consistency * sigmoid_ramp_up(int(self.updates), self.config.ramp_up)
        loss = of_labels.players["classification"] * known / len(image) + weight * distance
        self.updates += 1
        return Losses({"classification": loss}, {**of_labels.log, "distance": distance.detach()})

    def optimizations(self, num_steps: int) -> Mapping[str, Optimization]:
        """Return Adam for the student, whose rate rises as the weight of the distance does and falls along a cosine."""
        config = self.config
        groups = decaying_apart(self, config.weight_decay)
        optimizer = torch.optim.AdamW(groups, lr=config.learning_rate, fused=True)

        def rate(update: int) -> float:
            fallen = 0.5 + 0.5 * math.cos(math.pi * min(update / num_steps, 1))
            return sigmoid_ramp_up(update + 1, config.ramp_up) * fallen

        return {"classification": Optimization(optimizer, LambdaLR(optimizer, rate))}

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the teacher's weights towards the student's; early on it is the mean of all that the student was."""
        updates, config = int(self.updates), self.config
        decay = config.decay if updates >= config.ramp_up else config.early_decay
        decay = min(decay, 1 - 1 / (updates + 1))
        for name, part in (("backbone", self.backbone), ("classifier", self.classifier)):
            for teacher, student in zip(part.parameters(), self.student[name].parameters(), strict=True):
                teacher.lerp_(student, 1 - decay)

    def _changed(self, image: Tensor, draws: Draws) -> Tensor:
        """Return (B, C, S, S) images, shifted, mirrored and jittered at random, normalised, with noise."""
        config = self.config
        moved = shifted(image, draws, shift=config.shift, mirror=config.mirror)
        if config.jitter or config.bend:
            moved = jittered(moved, draws, strength=config.jitter, bend=config.bend)
        scaled = self.scaled(moved)
        noisy = scaled + config.noise * draws.normal(*scaled.shape)
        return noisy.contiguous(memory_format=torch.channels_last)


def _check(config: MeanTeacherConfig) -> None:
    shares = (config.decay, config.early_decay, config.mirror, config.shift)
    if config.unlabelled < 1 or not all(0 <= share <= 1 for share in shares):
        raise UsageError(
            f"unlabelled {config.unlabelled}, decay {config.decay}, early decay {config.early_decay}, mirror "
            f"{config.mirror}, shift {config.shift}: wanted 1 or more, and shares from 0 to 1"
        )
    if min(config.ramp_up, config.jitter, config.bend) < 0:
        raise UsageError(f"ramp-up {config.ramp_up}, jitter {config.jitter}, bend {config.bend}: wanted 0 or more")


def paper() -> Recipe:
    """Train on SVHN with 500 labels, one in each batch of 100, for 180,000 updates; not run.

    Command: ``lessup train mean-teacher --data SVHN --out RUN --recipe paper --shots 50``.
    """
    return Recipe(config=MeanTeacherConfig(), training=Training(steps=180_000, batch_size=100, log_every=100))


def cpu() -> Recipe:
    """Train a small network on digits, which are not mirrored, for a quarter of an hour of one core.

    With another draw of ten labels a class, 3,000 updates left 22.7 % of the hidden labels wrong with shifts and the
    published weight of consistency, 13.5 % with jitter 1 and bends of .04 besides, 10.2 % with a tenth of that weight
    as well, and 8.8 % as here.

    Command: ``lessup train mean-teacher --data MNIST --out RUN --recipe cpu --shots 10``.
    """
    config = MeanTeacherConfig(
        backbone="convnet-small", unlabelled=7, consistency=4.0, ramp_up=2_000, shift=0.125, jitter=1.5, bend=0.05
    )
    return Recipe(config=config, training=Training(steps=12_000, batch_size=64))
