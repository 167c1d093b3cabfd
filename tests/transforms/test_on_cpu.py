import numpy as np
import pytest
import torch

from lessup.transforms.on_cpu import loops_suit, over_rows


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
def test_every_row_is_done_once_whatever_the_number_of_threads(monkeypatch, threads):
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    rows, output = np.arange(5.0), np.zeros(5)

    def add(source, result):
        result += source + 1

    over_rows(add, rows, output)
    assert output.tolist() == [1, 2, 3, 4, 5]


def test_what_fails_in_a_thread_is_raised(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)

    def fail(rows):
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        over_rows(fail, np.zeros(2))


def test_loops_are_only_for_what_they_can_do():
    image = torch.zeros(1)
    assert loops_suit(image)
    assert not loops_suit(image.double())
    assert not loops_suit(image.clone().requires_grad_())
    with torch.no_grad():
        assert loops_suit(image.clone().requires_grad_())
