"""How often a network tells the sound around held-out frames, beside answers that do not look at the frame.

Source: the task of Owens, Wu, McDermott, Freeman, Torralba, *Ambient Sound Provides Supervision for Visual Learning*,
2016, section 3, asked of clips of which no frame was learnt from.

Differs from the paper, which goes on to transfer and does not score the task: chance is the answer that is right most
often in training; a control exchanges the sounds of held-out clips, as in a permutation test; where clips have classes,
so does the answer that goes by the class alone, for a class may tell the source of a clip by its looks and its sound.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score
from lessup.features import untrained
from lessup.methods import Method
from lessup.methods.ambient_sound import AmbientSound
from lessup.samples.clip_frames import heard
from lessup.samples.images import Images
from lessup.samples.splits import Split
from lessup.training.modes import batch_on

Answers = NDArray[np.int64]
"""(N,) clusters, or (N, K) bits."""


class SoundPrediction(Protocol):
    """``accuracy``: share of frames, or bits, told rightly, in %; ``class_mean``: of each cluster's frames, meaned.

    The row ``exchanged`` compares what the model tells with the sounds of other held-out clips, over ``exchanges``.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            exchanges: how often the sounds of the held-out clips change places.
            batch_size: frames at once.
            seed: of the exchanges and of the random weights.
        """

        exchanges: int = 1000
        batch_size: int = 64
        seed: int = 0

    paper: ClassVar[str] = (
        "Owens, Wu, McDermott, Freeman, Torralba, Ambient Sound Provides Supervision for Visual Learning, 2016, "
        "https://arxiv.org/abs/1608.07017"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "texture")
    needs: ClassVar[type[Method]] = AmbientSound
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Ask for the sound around every held-out frame.

        Raises:
            DataError: nothing is heard around the held-out frames.
            UsageError: ``exchanges`` is below 1.
        """
        if self.config.exchanges < 1:
            raise UsageError(f"--exchanges {self.config.exchanges}: wanted 1 or more")
        assert isinstance(split.test, Images)
        assert isinstance(method, AmbientSound)
        kept = np.flatnonzero(heard(split.test))
        if not len(kept):
            raise DataError("no sound around held-out frames: train with --folds 2 or more, or pass --data")
        test = split.test.take(kept)
        right, told = self._told(method, test)
        rows = {"chance": answer_scores(_most_frequent(method, len(test)), right)}
        by_class = _by_class(method, split.train, test)
        if by_class is not None:
            rows["class_prior"] = answer_scores(by_class, right)
        fresh = untrained(method, self.config.seed)
        assert isinstance(fresh, AmbientSound)
        rows["random"] = answer_scores(self._told(fresh, test)[1], right)
        others = exchanged(told, right, test.group, exchanges=self.config.exchanges, seed=self.config.seed)
        rows["exchanged"] = {name: Score.of([scores[name].mean for scores in others]) for name in others[0]}
        rows["model"] = answer_scores(told, right)
        as_good = sum(scores["accuracy"].mean >= rows["model"]["accuracy"].mean for scores in others)
        notes = [
            f"{len(np.unique(test.group))} held-out clips, {len(method.code)} "
            f"{'bits' if right.ndim == 2 else 'clusters'}",
            f"{as_good} of {len(others)} exchanges of sounds between clips did as well as the model",
        ]
        if len(test) < len(split.test):
            notes.append(f"nothing is heard around {len(split.test) - len(test)} of {len(split.test)} frames: left out")
        return Result(rows, {}, tuple(notes))

    @torch.no_grad()
    def _told(self, method: AmbientSound, test: Images) -> tuple[Answers, Answers]:
        """Return what is right, and what the network tells."""
        right, told = [], []
        for start in range(0, len(test), self.config.batch_size):
            indices = np.arange(start, min(start + self.config.batch_size, len(test)))
            batch = batch_on(method.device, test, indices)
            right.append(method.targets(batch["texture"]).long().cpu().numpy())
            scores = method.told(batch)
            told.append(((scores > 0).long() if right[-1].ndim == 2 else scores.argmax(1)).cpu().numpy())
        return np.concatenate(right), np.concatenate(told)


def exchanged(
    told: Answers, right: Answers, group: NDArray[np.int64], *, exchanges: int, seed: int
) -> list[dict[str, Score]]:
    """Score answers beside the sounds of clips that have changed places, as often as asked for.

    Args:
        told: (N,) clusters or (N, K) bits that were told.
        right: those that are heard.
        group: (N,) clip of each frame.
        exchanges: how often.
        seed: of the places.
    """
    random = np.random.default_rng(seed)
    clips = [np.flatnonzero(group == clip) for clip in np.unique(group)]
    found = []
    for _ in range(exchanges):
        taken = np.empty(len(group), np.int64)
        for own, other in zip(clips, random.permutation(len(clips)).tolist(), strict=True):
            taken[own] = np.resize(clips[other], len(own))
        found.append(answer_scores(told, right[taken]))
    return found


def answer_scores(told: Answers, right: Answers) -> dict[str, Score]:
    """Return the share of right answers and, of clusters, its mean over those that are heard, in percent."""
    hits = told == right
    scores = {"accuracy": Score(100 * float(hits.mean()))}
    if right.ndim == 1:
        each = [float(hits[right == cluster].mean()) for cluster in np.unique(right)]
        scores["class_mean"] = Score(100 * float(np.mean(each)))
    return scores


def _most_frequent(method: AmbientSound, count: int) -> Answers:
    """Return the answer that was right most often in training, so many times."""
    frequency = method.frequency.cpu().numpy()
    if method.config.target == "binary":
        return np.tile((frequency > 0.5).astype(np.int64), (count, 1))
    return np.full(count, int(frequency.argmax()))


def _by_class(method: AmbientSound, train: object, test: Images) -> Answers | None:
    """Return for each frame what is heard most often in training clips of its class; None where classes say nothing."""
    if not isinstance(train, Images) or len(np.unique(test.label)) < 2 or (test.label < 0).any():
        return None
    known = train.take(np.flatnonzero(heard(train)))
    texture = known.moments.texture if known.moments is not None else None
    if texture is None or not len(known):
        return None
    right = method.targets(torch.from_numpy(np.array(texture)).to(method.device)).long().cpu().numpy()
    told = _most_frequent(method, len(test))
    for label in np.unique(test.label):
        own = right[known.label == label]
        if len(own):
            told[test.label == label] = _commonest(own)
    return told


def _commonest(right: Answers) -> NDArray[np.int64]:
    """Return the answer that is right most often: () cluster, or (K,) bits."""
    found = right.mean(0) > 0.5 if right.ndim == 2 else np.bincount(right).argmax()
    return np.asarray(found, np.int64)
