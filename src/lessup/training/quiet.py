"""Lightning's messages and Ctrl-C, for the length of a run."""

import logging
import signal
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Protocol

LOGGERS = ("lightning.pytorch", "lightning.fabric")

NOT_OURS = (
    r".*isinstance\(treespec, LeafSpec\).*",  # lightning calls an old spelling of torch's
    r"Found \d+ module\(s\) in eval mode",  # layers that fine-tuning keeps frozen
)
"""Warnings of Lightning about itself and what we mean to do, which a user can do nothing about."""


class Interruptible(Protocol):
    """What can be asked to end after the present step."""

    interrupted: bool


@contextmanager
def quiet_lightning() -> Iterator[None]:
    """Keep Lightning's notices (devices found, tips, reasons for ending) from the user; its warnings stay."""
    levels = {name: logging.getLogger(name).level for name in LOGGERS}
    with warnings.catch_warnings():
        for message in NOT_OURS:
            warnings.filterwarnings("ignore", message=message)
        for name in LOGGERS:
            logging.getLogger(name).setLevel(logging.WARNING)
        try:
            yield
        finally:
            for name, level in levels.items():
                logging.getLogger(name).setLevel(level)


@contextmanager
def interruptible(run: Interruptible) -> Iterator[None]:
    """Let the first Ctrl-C end the run after its present step, with a checkpoint, and the second one at once.

    A run that a shell started in the background goes on: it was told to ignore Ctrl-C.
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is signal.SIG_IGN:
        yield
        return

    def ask(_number: int, _frame: FrameType | None) -> None:
        run.interrupted = True
        signal.signal(signal.SIGINT, before)

    signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
