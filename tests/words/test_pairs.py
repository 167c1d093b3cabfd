from collections import Counter

import torch

from lessup.transforms.draws import Draws
from lessup.words.pairs import word_pairs

TOKENS = torch.tensor([[3, 1, 4, -1, 1, 5, 9, 2], [6, 5, -1, 3, 5, 8, -1, -1]])


def test_of_all_words_each_has_the_pairs_within_its_window_and_sentence():
    for seed in range(20):
        pairs = word_pairs(TOKENS, torch.ones(10), 2, Draws.at(seed))
        reach = (draws := Draws.at(seed)) and draws.uniform(*TOKENS.shape) is not None and draws.integers(1, 3, 2, 8)
        wanted = Counter()
        for row, line in enumerate(TOKENS.tolist()):
            for centre, word in enumerate(line):
                for near in range(max(centre - 2, 0), min(centre + 3, len(line))):
                    between = line[min(centre, near) : max(centre, near) + 1]
                    if near != centre and -1 not in between and abs(near - centre) <= int(reach[row, centre]):
                        wanted[word, line[near]] += 1
        assert Counter(zip(pairs.centre.tolist(), pairs.near.tolist(), strict=True)) == wanted
        assert len(set(pairs.slot.tolist())) == len(pairs.slot)
        assert 0 <= min(pairs.slot) <= max(pairs.slot) < TOKENS.numel() * 4


def test_windows_span_words_that_are_not_kept():
    keep = torch.ones(10)
    keep[[1, 4, 5, 9]] = 0
    pairs = word_pairs(TOKENS, keep, 1, Draws.at(0))
    found = sorted(zip(pairs.centre.tolist(), pairs.near.tolist(), strict=True))
    assert found == [(3, 8), (8, 3)]


def test_a_share_of_the_words_is_kept():
    tokens = torch.zeros(50, 1000, dtype=torch.int64)
    pairs = word_pairs(tokens, torch.tensor([0.1]), 1, Draws.at(0))
    assert abs(len(pairs.centre) / 2 - 5000) < 200  # a pair to both sides of almost every word


def test_nothing_kept_gives_no_pairs():
    assert len(word_pairs(TOKENS, torch.zeros(10), 2, Draws.at(0)).centre) == 0
