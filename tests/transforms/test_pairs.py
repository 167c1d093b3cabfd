from itertools import combinations

import pytest
import torch

from lessup.transforms.draws import Draws
from lessup.transforms.pairs import balanced_pairs


def sets(label, seed=0):
    pairs = balanced_pairs(torch.tensor(label), Draws.at(seed))
    found = [*zip(pairs.first.tolist(), pairs.second.tolist(), strict=True)]
    return found, pairs.different.tolist()


@pytest.mark.parametrize("label", [[0, 0, 0, 1, 1, 2, 3, 3], [0, 0, 0, 0, 0, 0, 1], [0, 1, 1, 2, 3, 4, 5]])
def test_half_of_the_pairs_are_of_one_class_and_half_of_two(label):
    found, different = sets(label)
    genuine = {(i, j) for i, j in combinations(range(len(label)), 2) if label[i] == label[j]}
    impostor = {(i, j) for i, j in combinations(range(len(label)), 2) if label[i] != label[j]}
    rarer = min(len(genuine), len(impostor))
    assert sum(different) == rarer == len(different) - rarer
    assert len(set(found)) == len(found)
    for pair, is_different in zip(found, different, strict=True):
        assert pair in (impostor if is_different else genuine)


def test_all_pairs_of_the_rarer_kind_are_taken_and_those_of_the_other_are_drawn():
    label = [0, 0, 0, 1, 1, 2]
    drawn = [sets(label, seed) for seed in range(30)]
    for found, different in drawn:
        assert {pair for pair, is_different in zip(found, different, strict=True) if not is_different} == {
            (0, 1),
            (0, 2),
            (1, 2),
            (3, 4),
        }
    assert {pair for found, different in drawn for pair, d in zip(found, different, strict=True) if d} == {
        (i, j) for i, j in combinations(range(6), 2) if label[i] != label[j]
    }


def test_a_batch_of_one_kind_alone_gives_all_pairs_of_it():
    assert sets([0, 0, 0])[1] == [False] * 3
    assert sets([0, 1, 2])[1] == [True] * 3
    assert sets([0])[0] == []


def test_samples_without_a_label_are_in_no_pair():
    found, _ = sets([0, -1, 0, -1, 1])
    assert {place for pair in found for place in pair} <= {0, 2, 4}
    assert sets([-1, -1])[0] == []
