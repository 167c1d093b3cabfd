import itertools
from fractions import Fraction

import numpy as np
import pytest

from lessup.words.huffman import huffman_codes


def ways(counts):
    codes = huffman_codes(np.array(counts))
    places = itertools.pairwise(codes.start.tolist())
    return [(codes.node[begin:end].tolist(), codes.bit[begin:end].tolist()) for begin, end in places]


def shortest(counts):
    """Try all lengths that some code has (Kraft: shares 2^-length add up to 1)."""
    num = len(counts)
    lengths = itertools.product(range(1, num), repeat=num)
    possible = (each for each in lengths if sum(Fraction(1, 2**one) for one in each) == 1)
    return min(sum(count * one for count, one in zip(counts, each, strict=True)) for each in possible)


@pytest.mark.parametrize("counts", [[3, 1], [5, 2, 1], [4, 4, 3, 3, 1], [50, 20, 10, 3, 2, 1]])
def test_no_code_makes_the_text_shorter(counts):
    assert sum(count * len(bits) for count, (_, bits) in zip(counts, ways(counts), strict=True)) == shortest(counts)


def test_ways_lead_through_one_tree_from_its_root_to_different_leaves():
    found = ways(np.random.default_rng(0).integers(1, 100, 60).tolist())
    assert len({tuple(bits) for _, bits in found}) == 60
    assert {nodes[0] for nodes, _ in found} == {58}
    assert {node for nodes, _ in found for node in nodes} == set(range(59))
    following = {}
    for nodes, bits in found:
        for here, bit, there in zip(nodes, bits, [*nodes[1:], "leaf"], strict=True):
            following.setdefault((here, bit), set()).add(there)
    assert len(following) == 2 * 59
    assert all(len(places) == 1 for places in following.values())
