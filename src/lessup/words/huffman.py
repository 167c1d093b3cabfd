"""Codes of words, the shorter the commoner: the tree of hierarchical softmax."""

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Codes(NamedTuple):
    """For each of V words the way from the root of a binary tree to its leaf.

    Attributes:
        start: (V + 1,) int64, where the way of each word begins in the other two, and ends.
        node: int64 numbers of the inner nodes on the way, the root first; there are V - 1 inner nodes.
        bit: int64, 0 or 1: where the way goes on from each.
    """

    start: NDArray[np.int64]
    node: NDArray[np.int64]
    bit: NDArray[np.int64]


def huffman_codes(counts: NDArray[np.int64]) -> Codes:
    """Return the codes for which a text is shortest.

    Args:
        counts: (V,) occurrences of two words or more.

    Source: Huffman, *A Method for the Construction of Minimum-Redundancy Codes*, 1952.

    >>> codes = huffman_codes(np.array([5, 2, 1]))
    >>> np.diff(codes.start).tolist()
    [1, 2, 2]
    """
    num = len(counts)
    parent, side = np.zeros(2 * num - 1, np.int64), np.zeros(2 * num - 1, np.int64)
    heap = [(count, place) for place, count in enumerate(counts.tolist())]
    heapq.heapify(heap)
    for made in range(num, 2 * num - 1):
        (small, left), (large, right) = heapq.heappop(heap), heapq.heappop(heap)
        parent[left] = parent[right] = made
        side[right] = 1
        heapq.heappush(heap, (small + large, made))
    ways = [_way(word, parent, side, num) for word in range(num)]
    start = np.cumsum([0, *(len(nodes) for nodes, _ in ways)])
    node, bit = (np.array([one for way in ways for one in way[part]], np.int64) for part in range(2))
    return Codes(start, node, bit)


def _way(word: int, parent: NDArray[np.int64], side: NDArray[np.int64], num: int) -> tuple[list[int], list[int]]:
    """Return the inner nodes from the root to a word, and where to go at each."""
    nodes, bits = [], []
    place = word
    while place != 2 * num - 2:
        bits.append(int(side[place]))
        place = int(parent[place])
        nodes.append(place - num)
    return nodes[::-1], bits[::-1]
