import numpy as np
import pytest
import torch
from training_toys import Toy, points

from lessup.training.modes import batch_on, evaluating


def test_every_part_comes_back_to_its_own_mode_also_after_an_error():
    method = Toy().train()
    method.up.eval()
    with pytest.raises(ZeroDivisionError), evaluating(method):
        _ = 1 / method.down.training
    assert [method.training, method.down.training, method.up.training] == [True, True, False]
    assert torch.is_grad_enabled()


def test_a_batch_is_expanded_where_it_is_wanted():
    samples = points(5)
    batch = batch_on(torch.device("cpu"), samples, np.array([3, 1]))
    assert batch["points"].equal(samples.batch([3, 1])["points"])
