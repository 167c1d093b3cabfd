import re

import pytest

from lessup.training import progress
from lessup.training.progress import ProgressLine, Trainings


def test_outside_a_terminal_a_line_now_and_then_goes_to_standard_error(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    with ProgressLine(steps=100, batch_size=4) as line:
        line.start(0)
        for step in range(1, 101):
            now[0] += 0.3
            line.show(step, lambda: 0.25)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "step 34/100: loss 0.25, 13 samples/s",
        "step 68/100: loss 0.25, 13 samples/s",
        "step 100/100: loss 0.25, 13 samples/s",
    ]


def test_in_a_terminal_a_bar_shows_loss_and_samples_per_second(capsys, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    with ProgressLine(steps=3, batch_size=4) as line:
        line.start(0)
        for step in range(1, 4):
            line.show(step, lambda: 0.25)
    out, err = capsys.readouterr()
    assert out == ""
    assert re.search(r"3/3", err)
    assert "loss 0.25" in err
    assert "samples/s" in err


def test_the_loss_is_read_only_when_shown():
    def never() -> float:
        pytest.fail("read")

    with ProgressLine(steps=10, batch_size=4) as line:
        line.start(0)
        line.show(1, never)


def test_other_processes_are_silent(capsys, monkeypatch):
    monkeypatch.setenv("RANK", "1")
    with ProgressLine(steps=1, batch_size=4) as line:
        line.start(0)
        line.show(1, lambda: 0.5)
    assert capsys.readouterr().err == ""


def test_what_is_left_of_several_trainings_is_told_from_those_that_are_done(capsys, monkeypatch):
    now = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    trainings = Trainings(3, "of 5 updates")
    for seconds in (40.0, 200.0, 10.0):
        now[0] += seconds
        trainings.one_done()
    assert capsys.readouterr().err.splitlines() == [
        "3 trainings of 5 updates",
        "training 1 of 3 done; about 80 s left",
        "training 2 of 3 done; about 2 min left",
        "training 3 of 3 done",
    ]
