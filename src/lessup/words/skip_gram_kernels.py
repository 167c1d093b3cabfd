"""The inner loops of skip-gram on the CPU: one pair of words after the other, each of which moves the vectors at once.

Threads share the vectors and do not wait for one another (Niu, Recht, Ré, Wright, *Hogwild!*, 2011).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lessup.transforms.compiled import compiled, compiled_reassociating
from lessup.words.chances import Chances

Floats = NDArray[np.float32]
Numbers = NDArray[np.int64]

REACH = 6.0
"""Scores beyond which the program of word2vec takes the sigmoid for 0 or 1."""

BINS = 1000
"""Entries of its table of the sigmoid between."""

_PER_BIN = np.float32(BINS / (2 * REACH))
_LAST_BIN = np.uint64(BINS - 1)
_END = np.float32(REACH)

_MULTIPLIER, _INCREMENT = np.uint64(6364136223846793005), np.uint64(1442695040888963407)


class Rule(NamedTuple):
    """What is done with a text of V different words.

    Attributes:
        width: D of the vectors.
        window: largest distance of two words that make a pair.
        keep: (V,) probability that an occurrence is kept.
        program: whether the conventions are those of the program word2vec and not of its paper.
        num_negatives: words of noise a pair; 0 for hierarchical softmax.
        nce: whether scores are compared with the probability under noise.
        chance: (V,) see ``Alias``.
        other: (V,) see ``Alias``.
        log_noise: (V,) logarithms of how many words of noise of each kind a pair has on average.
        start: (V + 1,) see ``Codes``.
        node: see ``Codes``.
        bit: see ``Codes``.
        sigmoid: (BINS,) from -REACH to below REACH.
        softplus: (BINS + 1,) from -REACH to REACH.
    """

    width: int
    window: int
    keep: Floats
    program: bool
    num_negatives: int
    nce: bool
    chance: Floats
    other: Numbers
    log_noise: Floats
    start: Numbers
    node: Numbers
    bit: Numbers
    sigmoid: Floats
    softplus: Floats


def rule(chances: Chances, *, width: int, window: int, num_negatives: int, program: bool, nce: bool) -> Rule:
    """Return the rule; see ``Rule``."""
    x = np.linspace(-REACH, REACH, BINS + 1)
    return Rule(
        width=width,
        window=window,
        keep=chances.keep,
        program=program,
        num_negatives=num_negatives,
        nce=nce,
        chance=chances.noise.chance,
        other=chances.noise.other,
        log_noise=chances.log_noise,
        start=chances.codes.start,
        node=chances.codes.node,
        bit=chances.codes.bit,
        sigmoid=(1 / (1 + np.exp(-x[:-1]))).astype(np.float32),
        softplus=np.log1p(np.exp(x)).astype(np.float32),
    )


@compiled
def _following(state: np.uint64) -> np.uint64:
    """Return the next state of a linear congruential generator (Knuth's MMIX); its upper half is what is drawn."""
    return state * _MULTIPLIER + _INCREMENT


@compiled
def _below(state: np.uint64, count: int) -> np.uint64:
    """Return a number from 0 to below ``count``."""
    return ((state >> np.uint64(32)) * np.uint64(count)) >> np.uint64(32)


@compiled
def _unit(state: np.uint64) -> np.float32:
    """Return a number from [0, 1)."""
    return np.float32(state >> np.uint64(40)) * np.float32(2.0**-24)


@compiled_reassociating
def _product(first: Floats, a: np.uint64, second: Floats, b: np.uint64, width: int) -> np.float32:
    """Return the inner product of two vectors; places are unsigned: no test whether they count from the end."""
    total = np.float32(0)
    for number in range(width):
        place = np.uint64(number)
        total += first[a + place] * second[b + place]
    return total


@compiled_reassociating
def _move(
    gain: np.float32, first: Floats, a: np.uint64, second: Floats, b: np.uint64, change: Floats, width: int
) -> None:
    """Move the second vector towards the first, and note in ``change`` how the first has to move; one pass for both."""
    for number in range(width):
        place = np.uint64(number)
        was = second[b + place]
        change[place] += gain * was
        second[b + place] = was + gain * first[a + place]


@compiled
def _apply(first: Floats, a: np.uint64, change: Floats, width: int) -> None:
    """Move the first vector, and forget the change."""
    for number in range(width):
        place = np.uint64(number)
        first[a + place] += change[place]
        change[place] = np.float32(0)


@compiled
def _bin(x: np.float32) -> np.uint64:
    """Return the bin of a number from -REACH to below REACH; right below REACH, float32 rounds up to one too many."""
    return min(np.uint64((x + _END) * _PER_BIN), _LAST_BIN)


@compiled
def _softplus(x: np.float32, table: Floats) -> np.float32:
    """Return log(1 + exp(x)), between the entries of a table to five digits."""
    if x >= _END or x <= -_END:
        return np.float32(max(x, np.float32(0)) + np.log1p(np.exp(-abs(x))))
    low = _bin(x)
    share = (x + _END) * _PER_BIN - np.float32(low)
    return np.float32(table[low] + share * (table[low + np.uint64(1)] - table[low]))


@compiled
def _error(score: np.float32, label: np.float32, rule: Rule) -> np.float32:
    """Return label - sigmoid(score), from a table and its ends, or as it is."""
    if not rule.program:
        return np.float32(label - np.float32(1) / (np.float32(1) + np.exp(-score)))
    if score >= _END:
        return label - np.float32(1)
    if score <= -_END:
        return label
    return np.float32(label - rule.sigmoid[_bin(score)])


@compiled
def _against_noise(
    first: Floats,
    a: np.uint64,
    second: Floats,
    bias: Floats,
    target: int,
    change: Floats,
    state: np.uint64,
    rate: np.float32,
    rule: Rule,
) -> tuple[np.uint64, np.float32]:
    """Tell a word from noise by the vector at ``a`` of the first; return the state of the draws and the loss."""
    loss = np.float32(0)
    for number in range(rule.num_negatives + 1):
        word, label = np.uint64(target), np.float32(1)
        if number > 0:
            state = _following(state)
            word, label = _below(state, len(rule.other)), np.float32(0)
            state = _following(state)
            if _unit(state) >= rule.chance[word]:
                word = np.uint64(rule.other[word])
            if rule.program and word == np.uint64(target):
                continue
        b = word * np.uint64(rule.width)
        score = _product(first, a, second, b, rule.width)
        if rule.nce:
            score += bias[word] - rule.log_noise[word]
        gain = rate * _error(score, label, rule)
        loss += _softplus(score if number > 0 else -score, rule.softplus)
        _move(gain, first, a, second, b, change, rule.width)
        if rule.nce:
            bias[word] += gain
    return state, loss


@compiled
def _down_the_tree(
    first: Floats, a: np.uint64, second: Floats, target: int, change: Floats, rate: np.float32, rule: Rule
) -> np.float32:
    """Tell where to go at each node on the way to a word, and return the loss; bit 0 is a score above 0."""
    loss = np.float32(0)
    for at in range(rule.start[target], rule.start[target + 1]):
        b = np.uint64(rule.node[at]) * np.uint64(rule.width)
        score = _product(first, a, second, b, rule.width)
        loss += _softplus(score if rule.bit[at] else -score, rule.softplus)
        if rule.program and abs(score) >= _END:
            continue
        gain = rate * _error(score, np.float32(1 - rule.bit[at]), rule)
        _move(gain, first, a, second, b, change, rule.width)
    return loss


@compiled
def learn_rows(
    tokens: Numbers,
    seed: Numbers,
    loss: NDArray[np.float64],
    count: Numbers,
    first: Floats,
    second: Floats,
    bias: Floats,
    rate: float,
    rule: Rule,
) -> None:
    """Take a step of gradient descent for every pair of words of some texts; at a rate of 0 nothing moves.

    Args:
        tokens: (B, T) places of words, -1 between sentences.
        seed: (B,) of the numbers that are drawn for each text.
        loss: (B,) to fill with the sum over pairs.
        count: (B,) to fill with the number of pairs.
        first: (V * D,) vectors of words.
        second: vectors of words, or of the nodes of the tree, behind one another.
        bias: (V,) of words, for NCE alone.
        rate: of learning.
        rule: what is done.
    """
    sentence, change, step = np.empty(tokens.shape[1], np.int64), np.zeros(rule.width, np.float32), np.float32(rate)
    for row in range(len(tokens)):
        state, at, total, pairs = np.uint64(seed[row]), 0, 0.0, 0
        while at < tokens.shape[1]:
            size = 0
            while at < tokens.shape[1] and tokens[row, at] >= 0:
                state = _following(state)
                if _unit(state) < rule.keep[tokens[row, at]]:
                    sentence[size] = tokens[row, at]
                    size += 1
                at += 1
            at += 1
            for centre in range(size):
                state = _following(state)
                reach = 1 + int(_below(state, rule.window))
                for near in range(max(centre - reach, 0), min(centre + reach + 1, size)):
                    if near == centre:
                        continue
                    word, target = sentence[near], sentence[centre]
                    if not rule.program:
                        word, target = target, word
                    a = np.uint64(word) * np.uint64(rule.width)
                    if rule.num_negatives:
                        state, own = _against_noise(first, a, second, bias, target, change, state, step, rule)
                    else:
                        own = _down_the_tree(first, a, second, target, change, step, rule)
                    _apply(first, a, change, rule.width)
                    total += float(own)
                    pairs += 1
        loss[row], count[row] = total, pairs
