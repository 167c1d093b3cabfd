"""The table of several methods under several protocols, as plain data; ``transfer_writers`` writes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["trivial", "untrained", "trained", "supervised"]
"""What a row is: the order of the table, and the ceiling last."""

Standing = Literal["", "better", "worse", "within", "unknown"]
"""A value against the row that others have to beat: ``unknown`` without a spread, empty where nothing is asked."""

RULE = (
    "▲ better and ▼ worse than random initialisation by more than the spread, ≈ within it: the difference of the two "
    "means against the root of the sum of their variances. ? a single value has no spread: pass more runs (seeds, "
    "folds) or, where the protocol draws labels, --draws."
)
SPREAD = (
    "± is the standard deviation over the runs of a row where it has several, else over the draws of the protocol. "
    "Draws are the same for all rows, but their values are not paired here, which asks for more than a paired test."
)


@dataclass(frozen=True)
class Column:
    """A metric under a protocol.

    Attributes:
        protocol: as it was asked for, with its flags.
        metric: as in a scores file.
        group: what the protocol is called above its columns.
        head: what the metric is called.
        lower_is_better: None where no way is better.
    """

    protocol: str
    metric: str
    group: str
    head: str
    lower_is_better: bool | None


@dataclass(frozen=True)
class Value:
    """A mean over ``n`` repeats with their sample standard deviation, and how it stands against another row."""

    mean: float
    std: float
    n: int
    standing: Standing = ""


@dataclass(frozen=True)
class Cost:
    """What a method took; None where it is not known.

    Attributes:
        minutes: of training, a run.
        samples_per_second: over all of it.
        parameters: of the method.
        backbone_parameters: of what is transferred.
        machine: where it trained.
        seconds: to learn once from some labels and to answer, features aside.
    """

    minutes: float | None = None
    samples_per_second: float | None = None
    parameters: int | None = None
    backbone_parameters: int | None = None
    machine: str = ""
    seconds: float | None = None


@dataclass(frozen=True)
class Row:
    """A method, or what it is measured against.

    Attributes:
        key: name in the scores files; of a trained one its method.
        name: shown; no two rows have the same.
        kind: what it is.
        values: by protocol as it was asked for, then by metric; values of classes are not among them.
        cost: of trained rows.
        runs: folders of the runs behind it.
    """

    key: str
    name: str
    kind: Kind
    values: Mapping[str, Mapping[str, Value]]
    cost: Cost | None = None
    runs: tuple[str, ...] = ()

    def value(self, column: Column) -> Value | None:
        """Return the value of a column, if it was measured."""
        return self.values.get(column.protocol, {}).get(column.metric)


@dataclass(frozen=True)
class Wording:
    """What stands around the figures of a table; as ``lessup compare`` has it where nothing is said.

    Attributes:
        title: of the page.
        lead: a sentence on what rows and columns are.
        rule: what the marks of standings mean.
        spread: what stands behind a plus-minus.
        costs: heads of the columns of costs, of those that ``transfer_writers`` knows.
        cost: what stands above them.
        costs_are: begins a sentence that ends with the machine.
        command: that wrote the table.
    """

    title: str = "Methods under the same protocols"
    lead: str = "A row a method or what it is measured against, the columns the protocols."
    rule: str = RULE
    spread: str = SPREAD
    costs: tuple[str, ...] = ("minutes", "samples/s", "parameters", "backbone")
    cost: str = "cost of training"
    costs_are: str = "Minutes and samples/s are of training a run"
    command: str = "lessup compare"


@dataclass(frozen=True)
class TransferTable:
    """Rows and columns, and what must stand beside them.

    Attributes:
        data: what was measured on.
        columns: that are shown; the rows may hold more.
        rows: in order.
        notes: sentences.
        summary: sentences that stand above it.
        wording: what else stands around it.
    """

    data: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    summary: tuple[str, ...] = ()
    wording: Wording = Wording()

    def row(self, name: str) -> Row:
        """Return the row of a name.

        >>> TransferTable("", (), (Row("chance", "chance", "trivial", {}),)).row("chance").kind
        'trivial'
        """
        return next(row for row in self.rows if row.name == name)

    @property
    def has_standings(self) -> bool:
        """Whether any value is set against that of another row."""
        return any(value.standing for row in self.rows for column in self.columns if (value := row.value(column)))

    def best(self, column: Column) -> float | None:
        """Return the best mean of the trained rows, None where nothing is better or only one was trained."""
        values = [value.mean for row in self.rows if row.kind == "trained" and (value := row.value(column))]
        if column.lower_is_better is None or len(values) < 2:
            return None
        return min(values) if column.lower_is_better else max(values)
