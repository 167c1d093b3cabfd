"""How well logistic regression tells classes apart by frozen features, layer by layer.

Source: the linear classifiers of Zhang, Isola, Efros, *Colorful Image Colorization*, 2016, section 3.2, on all layers
of a frozen network, and of most work since.

Differs from the paper: maps are averaged to 9,216 numbers as there, but the regression is solved to its minimum, with a
decay chosen on a third of the known samples, in place of descent over augmented images; rows for chance, random weights
and ``magic-init`` stand beside the model.
"""

from dataclasses import dataclass
from typing import ClassVar

from lessup.evaluation import LabelConfig, LabelProtocol, Result, scores_over
from lessup.methods import Method
from lessup.probes.layer_choice import DECAYS, logistic_regression
from lessup.probes.linear_rows import linear_rows
from lessup.samples.splits import Split


class Linear(LabelProtocol):
    """Accuracy over samples and its mean over classes in percent; where samples have several classes, mean AP.

    One softmax over the classes, or one sigmoid for each where a sample may have several. With several layers,
    ``METRIC_at_LAYER`` is that of each layer, and ``METRIC`` that of the chosen one.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config(LabelConfig):
        """What is measured.

        Attributes:
            layers: names of layers; if none is given, one of the backbone's is chosen on a third of the known samples
                of the first draw, apart for each row.
            decays: of the weights, to choose from; the first one where too few samples are known to choose.
        """

        layers: tuple[str, ...] = ()
        decays: tuple[float, ...] = DECAYS

    paper: ClassVar[str] = "Zhang, Isola, Efros, Colorful Image Colorization, 2016, https://arxiv.org/abs/1603.08511"
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fit regressions to the known samples of every draw and score the others, or the test part.

        Raises:
            DataError: too few samples have a label, or all features are equal.
            UsageError: there is no such layer.
        """
        config = self.config
        pool, draws = self.drawn(split)
        rows = linear_rows(
            method,
            pool,
            draws,
            logistic_regression(config.decays, several=pool.several),
            layers=config.layers,
            seed=config.seed,
            with_references=config.references,
        )
        return Result({row: scores_over(values) for row, values in rows.metrics.items()}, notes=rows.notes)
