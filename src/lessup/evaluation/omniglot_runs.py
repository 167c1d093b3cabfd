"""The error rate of Omniglot's 20 runs of one-shot classification, 20 ways within an alphabet.

Source: Brenden Lake, Ruslan Salakhutdinov, Joshua Tenenbaum, *Human-level Concept Learning through Probabilistic
Program Induction*, 2015, and its published runs: each of 20 drawings has the class of one of 20 others, by another
drawer.
``hausdorff`` is the baseline of the published code: the modified Hausdorff distance of ink after both means are taken
out. The paper holds a test drawing to have the class of the nearest; so does every row here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, Score
from lessup.evaluation.few_shot import Tell, model_teller, nearest_image
from lessup.features import raw_pixels, untrained
from lessup.methods import ImageEncoder, Method
from lessup.metrics.hausdorff import modified_hausdorff
from lessup.samples.images import Images
from lessup.samples.splits import Split

PIXEL_SIDE = 105
"""Side at which pixels are compared: that of the drawings."""


class OmniglotRuns(Protocol):
    """``error``: share of the test drawings that are told wrong, in percent, with its spread over the runs."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            metric: how features are compared: the method's ``own`` way where it has one, ``euclidean`` or ``cosine``.
            layer: name of the layer; the method's default if not given.
            seed: of the random weights.
            references: also measure pixels, the Hausdorff distance and random weights.
        """

        metric: Literal["own", "euclidean", "cosine"] = "own"
        layer: str | None = None
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Lake, Salakhutdinov, Tenenbaum, Human-level Concept Learning through Probabilistic Program Induction, 2015, "
        "https://doi.org/10.1126/science.aab3050"
    )
    reads: ClassVar[tuple[str, ...]] = ("image", "label")
    needs: ClassVar[type[Method]] = ImageEncoder  # type: ignore[type-abstract]
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Tell the test drawings of every run from its training drawings.

        Raises:
            DataError: the data is none of such runs.
            UsageError: there is no such layer.
        """
        test = split.test
        if not isinstance(test, Images) or set(test.official) != {"train", "test"} or not test.superclasses:
            raise DataError("wanted Omniglot's one-shot runs: pass --data all_runs.zip (run01/class_labels.txt ...)")
        run = test.superclass()
        runs = {test.superclasses[test.label[run == n][0]]: np.flatnonzero(run == n) for n in np.unique(run)}
        rows = {"chance": self._scores(runs, test, None)}
        rows |= {row: self._scores(runs, test, tell) for row, tell in self._tellers(method, test).items()}
        return Result(rows, {}, (f"{len(runs)} runs of {len(test)} drawings",))

    def _tellers(self, method: Method, test: Images) -> dict[str, Tell]:
        config = self.config
        tellers: dict[str, Tell] = {}
        if config.references:
            tellers["pixels"] = nearest_image(raw_pixels(test, PIXEL_SIDE))
            tellers["hausdorff"] = _nearest_drawing([_ink(test, index) for index in range(len(test))])
            fresh = untrained(method, config.seed)
            tellers["random"] = model_teller(fresh, test, metric=config.metric, layer=config.layer)
        return tellers | {"model": model_teller(method, test, metric=config.metric, layer=config.layer)}

    def _scores(self, runs: Mapping[str, NDArray[np.int64]], test: Images, tell: Tell | None) -> dict[str, Score]:
        """Return the error over all runs and of each; that of guessing without a teller."""
        of_run = {}
        for name, members in runs.items():
            known = members[test.official[members] == "train"]
            asked = members[test.official[members] == "test"]
            number = {int(label): place for place, label in enumerate(test.label[known])}
            target = np.array([number[int(label)] for label in test.label[asked]])
            wrong = 1 - 1 / len(known) if tell is None else (tell(known, np.arange(len(known)), asked) != target).mean()
            of_run[name] = 100 * float(wrong)
        return {"error": Score.of([*of_run.values()])} | {
            f"error/{name}": Score(value) for name, value in of_run.items()
        }


def _ink(images: Images, index: int) -> NDArray[np.float64]:
    """Return (P, 2) rows and columns of the dark pixels of a drawing, their mean taken out."""
    pixels = images.pixels[index].mean(2)
    points = np.argwhere(pixels < (pixels.min() + pixels.max()) / 2).astype(np.float64)
    points = points if len(points) else np.zeros((1, 2))
    centred: NDArray[np.float64] = points - points.mean(0)
    return centred


def _nearest_drawing(ink: list[NDArray[np.float64]]) -> Tell:
    def tell(known: NDArray[np.int64], label: NDArray[np.int64], asked: NDArray[np.int64]) -> NDArray[np.int64]:
        distance = np.array([[modified_hausdorff(ink[a], ink[k]) for k in known] for a in asked])
        best: NDArray[np.int64] = label[distance.argmin(1)]
        return best

    return tell
