import logging
import os
import signal
import threading
from types import SimpleNamespace

import pytest
from training_toys import start, train

from lessup.training.quiet import interruptible, quiet_lightning


def test_a_run_prints_nothing_but_its_progress(tmp_path, capfd):
    train(start(tmp_path / "run"))
    out, err = capfd.readouterr()
    assert out == ""
    assert [line.split(":")[0] for line in err.splitlines()] == ["step 30/30"]


def test_levels_of_loggers_come_back():
    logger = logging.getLogger("lightning.pytorch")
    before = logger.level
    with quiet_lightning():
        assert logger.level == logging.WARNING
    assert logger.level == before


def test_the_second_interrupt_ends_at_once():
    run = SimpleNamespace(interrupted=False)
    with interruptible(run):
        os.kill(os.getpid(), signal.SIGINT)
        assert run.interrupted
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)


def test_a_run_that_was_told_to_ignore_interrupts_does():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    run = SimpleNamespace(interrupted=False)
    with interruptible(run):
        os.kill(os.getpid(), signal.SIGINT)
    assert not run.interrupted
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_a_run_in_a_thread_leaves_signals_alone():
    def body() -> None:
        with interruptible(SimpleNamespace(interrupted=False)):
            seen.append(signal.getsignal(signal.SIGINT))

    before, seen = signal.getsignal(signal.SIGINT), []
    thread = threading.Thread(target=body)
    thread.start()
    thread.join()
    assert seen == [before]
