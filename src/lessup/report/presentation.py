"""How a protocol is shown: its title, what its numbers mean and which way is better."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Presentation:
    """What a reader needs beside the numbers of a protocol.

    Attributes:
        title: heading.
        sentence: what was measured, in which unit.
        lower_is_better: by metric, and so its settings that are not named themselves (``accuracy`` for
            ``accuracy_5``); nothing is marked best where it is None or not named.
        columns: what a metric is called above its column.
        rows: what a row is called.
        headline: regular expression of the metrics that stand for the protocol beside others; the first one with a
            better way if not given.
    """

    title: str
    sentence: str = ""
    lower_is_better: Mapping[str, bool | None] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    headline: str = ""

    def lower(self, metric: str) -> bool | None:
        """Tell whether less of a metric is better; one of a setting, such as ``accuracy_5``, goes by its stem.

        >>> Presentation("", lower_is_better={"accuracy": False}).lower("accuracy_at_fc6")
        False
        """
        name = metric.partition("/")[0]
        known = [stem for stem in self.lower_is_better if name == stem or name.startswith(f"{stem}_")]
        return self.lower_is_better[max(known, key=len)] if known else None

    def headlines(self, metrics: Iterable[str]) -> list[str]:
        """Return which of some metrics stand for the protocol, at least one of them if there are any.

        >>> Presentation("", headline="accuracy_[0-9]+").headlines(["accuracy_1", "accuracy_1_whole", "accuracy_5"])
        ['accuracy_1', 'accuracy_5']
        """
        overall = [metric for metric in metrics if "/" not in metric]
        chosen = [metric for metric in overall if self.headline and re.fullmatch(self.headline, metric)]
        return chosen or [metric for metric in self.lower_is_better if metric in overall][:1] or overall[:1]


FEATURE_ROWS = {"chance": "chance", "raw_voxels": "raw voxels", "random": "untrained network"}
"""What rows beside the model are called where frozen features are measured."""

IMAGE_ROWS = {
    **FEATURE_ROWS,
    "magic_init": "untrained network, magic-init",
    "from_scratch": "trained from scratch",
    "fine_tuned": "fine-tuned",
}
"""The same of images, and of networks that are trained further."""
