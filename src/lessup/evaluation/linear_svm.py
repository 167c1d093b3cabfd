"""How well a linear support vector machine tells classes apart by frozen features, layer by layer.

Source: the linear classification of Owens, Wu, McDermott, Freeman, Torralba, *Ambient Sound Provides Supervision for
Visual Learning*, 2016, table 2, and of Krahenbuhl, Doersch, Donahue, Darrell, *Data-dependent Initializations of
Convolutional Neural Networks*, 2016: one machine a class against the rest. On Caltech-101 the draws are those of
Fei-Fei, Fergus, Perona, *Learning Generative Visual Models from Few Training Examples*, 2004, as commonly used: 30
images of each class are known, all others measured, five times.

Differs from the papers: cost and layer are chosen on a third of the known samples, which is then given back; rows for
chance, random weights and ``magic-init`` stand beside the model.
"""

from dataclasses import dataclass
from typing import ClassVar

from lessup.evaluation import LabelConfig, LabelProtocol, Result, scores_over
from lessup.methods import Method
from lessup.probes.layer_choice import COSTS, support_vector_machine
from lessup.probes.linear_rows import linear_rows
from lessup.samples.splits import Split


class LinearSVM(LabelProtocol):
    """Accuracy over samples and its mean over classes in percent; where samples have several classes, mean AP.

    With several layers, ``METRIC_at_LAYER`` is that of each layer, and ``METRIC`` that of the chosen one.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config(LabelConfig):
        """What is measured.

        Attributes:
            layers: names of layers; if none is given, one of the backbone's is chosen on a third of the known samples
                of the first draw, apart for each row.
            costs: of a training error, to choose from; the first one where too few samples are known to choose.
        """

        layers: tuple[str, ...] = ()
        costs: tuple[float, ...] = COSTS

    paper: ClassVar[str] = (
        "Owens, Wu, McDermott, Freeman, Torralba, Ambient Sound Provides Supervision for Visual Learning, 2016, "
        "https://arxiv.org/abs/1608.07017"
    )
    config: Config

    def measure(self, method: Method, split: Split) -> Result:
        """Fit machines to the known samples of every draw and score the others, or the test part.

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
            support_vector_machine(config.costs),
            layers=config.layers,
            seed=config.seed,
            with_references=config.references,
        )
        return Result({row: scores_over(values) for row, values in rows.metrics.items()}, notes=rows.notes)
