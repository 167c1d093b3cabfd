from dataclasses import asdict, dataclass, field
from typing import Literal

import pytest

from lessup import discovery, methods, optimization
from lessup.errors import RunError
from lessup.runs import Training
from lessup.training.settings import parse


@dataclass(frozen=True, kw_only=True)
class Inner:
    share: float = 0.5


@dataclass(frozen=True, kw_only=True)
class Outer:
    widths: tuple[int, ...] = (1, 2)
    pair: tuple[str, float] = ("a", 0.0)
    inner: Inner = field(default_factory=Inner)
    kind: Literal["x", "y"] = "x"
    limit: int | None = None
    flag: bool = False


def test_settings_survive_json():
    import json

    for settings in (Training(steps=7, ema_decay=0.5), Outer(widths=(), inner=Inner(share=1.0), limit=3)):
        assert parse(type(settings), json.loads(json.dumps(asdict(settings)))) == settings


def test_whole_numbers_serve_as_floats():
    assert parse(Inner, {"share": 1}).share == 1.0


@pytest.mark.parametrize(
    "values",
    [
        {"widths": ["1"]},
        {"widths": 3},
        {"pair": ["a"]},
        {"inner": {"share": "half"}},
        {"inner": [1]},
        {"kind": "z"},
        {"kind": [1]},
        {"limit": True},
        {"flag": 1},
        {"strange": 1},
        [1],
    ],
)
def test_values_of_another_type_are_refused(values):
    with pytest.raises(RunError):
        parse(Outer, values)


CONFIGS = [methods.load(name).Config for name in discovery.names("methods")]


@pytest.mark.parametrize("kind", [kind for kind in CONFIGS if issubclass(kind, optimization.DescentConfig)])
def test_runs_written_when_each_method_had_its_own_fields_of_the_optimizer_still_load(kind):
    written = {"channels": 1, "optimizer": "adamw", "learning_rate": 0.25, "momentum": 0.5, "weight_decay": 0.125}
    config = asdict(parse(kind, written))
    assert {key: config[key] for key in written} == written
