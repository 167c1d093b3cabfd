import pytest
import torch
from torch import nn
from toy_images import ToyEncoder, discs

from lessup.errors import UsageError
from lessup.probes.fine_tuned_rows import fine_tuned_rows, training_seeds
from lessup.probes.reference_rows import references


def first_weights(network):
    return network.backbone.stages["conv1"][0].weight


def test_every_row_is_measured_with_every_seed_from_the_weights_of_its_own():
    method, samples, seen = ToyEncoder().eval(), discs(), {}

    def measured(row, start, seed):
        seen[row, seed] = first_weights(start).clone()
        return {"seed": seed, "rows": len(seen)}

    rows = fine_tuned_rows(method, samples, measured, seeds=range(4, 6), with_references=True)
    assert rows.metrics == {
        "random": [{"seed": 4, "rows": 1}, {"seed": 5, "rows": 4}],
        "magic_init": [{"seed": 4, "rows": 2}, {"seed": 5, "rows": 5}],
        "model": [{"seed": 4, "rows": 3}, {"seed": 5, "rows": 6}],
    }
    assert rows.notes == ()
    for seed in (4, 5):
        assert torch.equal(seen["model", seed], first_weights(method))
        for row, network in references(method, samples, seed=seed, settled=True).networks.items():
            assert torch.equal(seen[row, seed], first_weights(network))


def test_without_references_the_model_stands_alone():
    rows = fine_tuned_rows(ToyEncoder(), discs(), lambda *_: {"one": 1.0}, seeds=range(3), with_references=False)
    assert rows.metrics == {"model": [{"one": 1.0}] * 3}


def test_a_row_that_is_missing_is_said_once():
    class Winding(ToyEncoder):
        def __init__(self, config=None):
            super().__init__(config)
            self.backbone.stages["conv2"].append(nn.GELU())

    rows = fine_tuned_rows(Winding().eval(), discs(), lambda *_: {}, seeds=range(2), with_references=True)
    assert list(rows.metrics) == ["random", "model"]
    assert len(rows.notes) == 1
    assert rows.notes[0].startswith("no row for magic-init: ")


def test_no_training_at_all_is_refused():
    assert [*training_seeds(7, 2)] == [7, 8]
    with pytest.raises(UsageError, match="--repeats 0: wanted 1 or more"):
        training_seeds(7, 0)
