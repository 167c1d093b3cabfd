import signal
import sys
from pathlib import Path

import pytest
import torch

from lessup import methods

# The toys are imported by name here and in the processes that some tests start.
sys.path.insert(0, str(Path(__file__).parent))

import training_toys


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def _toys_are_methods(monkeypatch):
    monkeypatch.setattr(methods, "load", training_toys.TOYS.__getitem__)


@pytest.fixture(autouse=True)
def _interrupts_act():
    """A shell tells what it starts in the background to ignore Ctrl-C; these tests send it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
