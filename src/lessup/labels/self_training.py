"""Self-training: a classifier labels what it is surest of, learns from that as well, and so on.

H. J. Scudder, *Probability of Error of Some Adaptive Pattern-Recognition Machines*, 1965,
https://doi.org/10.1109/TIT.1965.1053799; David Yarowsky, *Unsupervised Word Sense Disambiguation Rivaling Supervised
Methods*, 1995, https://doi.org/10.3115/981658.981684.

*Differs from the papers:* against collapse, where early mistakes of one class feed themselves, every round takes as
large a share of each class as the round's own classifier gives it, but no more than ``most_drift`` times that of the
first classifier; labels are made anew each round, so that a mistake can be taken back; and the labels given must be as
well explained at the end, held out in turn, as by the first classifier, or else that one is kept.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from lessup.errors import UsageError
from lessup.labels.classifier import FewLabelClassifier
from lessup.labels.known_labels import KnownLabels

FOLDS = 5
"""Parts of the labels given that are held out in turn."""


class SelfTraining(FewLabelClassifier):
    """Wraps any classifier with ``predict_proba``.

    Attributes:
        classes_: (K,) labels.
        estimator_: the classifier at the end.
        transduction_: (N,) label of every sample of ``fit``; those given stay.
        kept_base_: whether the guard went back to the classifier of the labels given alone.
    """

    def __init__(
        self, estimator: Any = None, *, rounds: int = 10, most_drift: float = 1.2, random_state: int = 0
    ) -> None:
        """Keep the settings.

        Args:
            estimator: a classifier; ``None``: logistic regression on features that are standardised by all samples of
                ``fit``, since the deviations of a label or two a class are noise.
            rounds: in the last of which all samples are labelled; each takes in as many more; 0: labels given alone.
            most_drift: how many times its first share of the samples a class may take.
            random_state: of the folds.
        """
        self.estimator = estimator
        self.rounds = rounds
        self.most_drift = most_drift
        self.random_state = random_state

    def _fit(self, x: NDArray[np.floating], labels: KnownLabels) -> None:
        """Learn from the labels given, then from those made."""
        if self.rounds < 0 or self.most_drift < 1:
            raise UsageError(f"rounds {self.rounds}, most_drift {self.most_drift}: wanted 0 or more, and 1 or more")
        scaler = StandardScaler() if self.estimator is None else FunctionTransformer()
        scaled = scaler.fit_transform(x)
        base, trained = self._base(scaled, labels.code), self._rounds(scaled, labels.code)
        self.kept_base_ = self.rounds > 0 and bool((~labels.known).any()) and self._worse(scaled, labels)
        self.estimator_ = make_pipeline(scaler, base if self.kept_base_ else trained)
        found = np.where(labels.known, labels.code, self._shares(x).argmax(1))
        self.transduction_ = labels.classes[found]

    def _shares(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return (M, K) shares of the classes."""
        return _shares_of_codes(self.estimator_, x)

    def _base(self, x: NDArray[np.floating], code: NDArray[np.int64]) -> Any:
        """Return the classifier of the labels given."""
        estimator = LogisticRegression(max_iter=1000) if self.estimator is None else self.estimator
        return clone(estimator).fit(x[code >= 0], code[code >= 0])

    def _rounds(self, x: NDArray[np.floating], code: NDArray[np.int64]) -> Any:
        """Return the classifier after all rounds."""
        known = code >= 0
        classifier = self._base(x, code)
        first = _shares_of_codes(classifier, x[~known]).mean(0) if not known.all() else np.ones(1)
        for number in range(1, self.rounds + 1 if not known.all() else 1):
            shares = _shares_of_codes(classifier, x[~known])
            taken = _surest(shares, number / self.rounds, first * self.most_drift)
            made = code.copy()
            made[np.flatnonzero(~known)[taken]] = shares[taken].argmax(1)
            classifier = self._base(x, made)
        return classifier

    def _worse(self, x: NDArray[np.floating], labels: KnownLabels) -> bool:
        """Tell whether the rounds lose labels that were given, held out in turn, that the first classifier gets right.

        Classes of one label are in every part that is learnt from and in none that is held out.
        """
        given = np.flatnonzero(labels.known & (labels.counts[labels.code] > 1))
        order = np.random.default_rng(self.random_state).permutation(given)
        order = order[np.argsort(labels.code[order], kind="stable")]  # so that every part has its share of a class
        right = np.zeros(2)
        for part in range(min(FOLDS, int(labels.counts.max()))):
            held = order[part :: min(FOLDS, int(labels.counts.max()))]
            code = labels.code.copy()
            code[held] = -1
            held = held[np.isin(labels.code[held], code[code >= 0])]
            if len(held) and len(np.unique(code[code >= 0])) > 1:
                for place, classifier in enumerate((self._base(x, code), self._rounds(x, code))):
                    right[place] += (classifier.predict(x[held]) == labels.code[held]).sum()
        return bool(right[1] < right[0])


def _shares_of_codes(classifier: Any, x: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return (M, K) over all codes up to the largest that a classifier knows."""
    shares = np.zeros((len(x), int(classifier.classes_.max()) + 1))
    shares[:, classifier.classes_] = classifier.predict_proba(x)
    return shares


def _surest(shares: NDArray[np.float64], part: float, most: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the samples to take: of each class its surest, a part of those it wins, up to a share of all samples.

    Args:
        shares: (M, K).
        part: of the samples that a class wins.
        most: (K,) shares of M.
    """
    won, sure = shares.argmax(1), shares.max(1)
    taken = []
    for number in range(shares.shape[1]):
        own = np.flatnonzero(won == number)
        count = min(int(np.ceil(part * len(own))), int(most[number] * len(shares)) if number < len(most) else 0)
        taken.append(own[np.argsort(-sure[own], kind="stable")[:count]])
    return np.concatenate(taken)
