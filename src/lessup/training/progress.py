"""How a run shows that it is getting on: a bar in a terminal, a line now and then elsewhere, on standard error."""

import sys
import time
from collections.abc import Callable
from contextlib import nullcontext

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from lessup.runs.files import is_first_process

BETWEEN_LINES_S = 10.0
"""Seconds between two lines where standard error is not a terminal."""

BETWEEN_REFRESHES_S = 0.25
"""Seconds between two looks at the loss in a terminal; each look waits for the device."""


class ProgressLine:
    """Shows step, loss and samples/s; silent in all processes but the first.

    Use it as a context manager around the run.
    """

    def __init__(self, steps: int, batch_size: int) -> None:
        self._steps = steps
        self._batch_size = batch_size
        terminal = sys.stderr.isatty() and is_first_process()
        self._bar = _bar() if terminal else None
        self._pause = BETWEEN_REFRESHES_S if terminal else BETWEEN_LINES_S if is_first_process() else float("inf")
        self._step = 0
        self._time = time.monotonic()

    def __enter__(self) -> "ProgressLine":
        (self._bar or nullcontext()).__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar:
            self._bar.stop()

    def start(self, step: int) -> None:
        """Begin at a step."""
        self._step, self._time = step, time.monotonic()
        if self._bar:
            self._bar.add_task("", total=self._steps, completed=step, figures="")

    def show(self, step: int, loss: Callable[[], float]) -> None:
        """Show a step if it is time to; ``loss`` is called only then."""
        elapsed = time.monotonic() - self._time
        if elapsed < self._pause and step != self._steps:
            return
        if self._pause == float("inf"):
            return
        rate = (step - self._step) * self._batch_size / max(elapsed, 1e-9)
        figures = f"loss {loss():.4g}, {rate:,.0f} samples/s"
        if self._bar:
            self._bar.update(self._bar.task_ids[0], completed=step, figures=figures)
        else:
            print(f"step {step}/{self._steps}: {figures}", file=sys.stderr, flush=True)
        self._step, self._time = step, time.monotonic()


class Trainings:
    """Says before several trainings how many there are, and after each how long the others may take."""

    def __init__(self, count: int, what: str) -> None:
        """Announce them.

        Args:
            count: how many.
            what: what they are, such as ``of 1,000 updates``.
        """
        self._count, self._done = count, 0
        self._start = time.monotonic()
        if count:
            _say(f"{count} training{'s' * (count > 1)} {what}")

    def one_done(self) -> None:
        """Count one, with what is measured after it."""
        self._done += 1
        left_s = (time.monotonic() - self._start) / self._done * (self._count - self._done)
        ahead = f"; about {_duration(left_s)} left" if self._done < self._count else ""
        _say(f"training {self._done} of {self._count} done{ahead}")


def _say(sentence: str) -> None:
    if is_first_process():
        print(sentence, file=sys.stderr, flush=True)


def _duration(seconds: float) -> str:
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _bar() -> Progress:
    columns = (BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
