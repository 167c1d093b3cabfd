import numpy as np
import pytest
import torch
from toy_images import ToyEncoder, discs

from lessup.errors import UsageError
from lessup.features import encode_all
from lessup.probes.layer_choice import choose, support_vector_machine
from lessup.probes.linear_rows import chance, counted, encode_pool, linear_rows
from lessup.samples.label_draws import Draw, LabelledPool, label_draws
from lessup.samples.splits import Folds, split

SVM = support_vector_machine((1.0, 0.1))


@pytest.fixture
def toy():
    torch.manual_seed(0)
    return ToyEncoder().eval()


@pytest.fixture
def pool():
    return LabelledPool.of(split(discs(unlabelled=4), Folds()))


def rows_of(toy, pool, draws, **settings):
    given = {"layers": (), "seed": 0, "with_references": True} | settings
    return linear_rows(toy, pool, draws, SVM, **given)


def test_trivial_rows_come_first_and_the_trained_network_last(toy, pool):
    draws = label_draws(pool, 2, num_per_class=4, seed=0)
    rows = rows_of(toy, pool, draws)
    assert list(rows.metrics) == ["chance", "random", "magic_init", "model"]
    assert all(len(values) == 2 for values in rows.metrics.values())
    assert list(rows_of(toy, pool, draws, with_references=False).metrics) == ["model"]


def test_the_models_row_is_that_of_its_default_layer(toy, pool):
    draws = label_draws(pool, 2, num_per_class=4, seed=0)
    rows = rows_of(toy, pool, draws, with_references=False)
    features = np.concatenate([encode_all(toy, part) for part in pool.parts])
    wanted = [choice.metrics() for choice in choose({"pool5": features}, pool, draws, SVM)]
    assert rows.metrics["model"] == wanted
    assert any(
        note.startswith("chosen on held-out training samples for model: pool5 (2 of 2 draws)") for note in rows.notes
    )


def test_several_layers_are_measured_beside_the_chosen_one(toy, pool):
    rows = rows_of(toy, pool, label_draws(pool, 1, num_per_class=4, seed=0), layers=("conv1", "fc6"))
    (metrics,) = rows.metrics["model"]
    assert metrics["accuracy"] in (metrics["accuracy_at_conv1"], metrics["accuracy_at_fc6"])
    with pytest.raises(UsageError, match="no layer 'fc9'"):
        rows_of(toy, pool, [], layers=("fc9",))


def test_chance_always_guesses_the_most_common_class(pool):
    draw = Draw(np.flatnonzero(pool.label > 0), np.arange(len(pool.targets)))
    draw = Draw(np.delete(draw.known, np.flatnonzero(pool.label[draw.known] == 1)[:2]), draw.asked)
    right = [pool.label[position] == 2 for position in draw.asked]
    assert chance(pool, draw)["accuracy"] == pytest.approx(100 * sum(right) / len(right))


def test_features_of_all_parts_stand_at_the_positions_of_the_pool(toy, pool):
    found = encode_pool(toy, pool, ("conv2", "fc6"))
    place = 0
    for part in pool.parts:
        for index in range(len(part)):
            with torch.no_grad():
                for layer, values in found.items():
                    wanted = toy.encode(part.batch([index]), layer)[0].numpy()
                    np.testing.assert_allclose(values[place], wanted, rtol=1e-4, atol=1e-5)
            place += 1
    assert place == len(pool.targets)


def test_notes_count_what_is_known_measured_and_left_out(pool):
    draws = [Draw(np.arange(3), np.arange(5)), Draw(np.arange(4), np.arange(5))]
    assert counted(pool, draws) == (
        "3 to 4 of 24 samples known and 5 measured in each of 2 draws",
        "4 samples have no label and are left out",
    )
    assert counted(pool, draws[:1])[0] == "3 of 24 samples known and 5 measured once"
