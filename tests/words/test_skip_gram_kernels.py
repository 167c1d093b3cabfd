"""The compiled loops against plain Python that follows the equations, with the same random numbers."""

import math

import numpy as np
import pytest

from lessup.words.chances import Chances
from lessup.words.skip_gram_kernels import learn_rows, rule

COUNTS = np.array([400, 300, 200, 50, 30, 20])
WIDTH, WINDOW, RATE = 7, 3, 0.1
TOKENS = np.array([[0, 3, 1, 2, -1, 5, 0, 4, 1, 3, 2, -1], [1, 4, 4, 0, 2, -1, -1, -1, -1, -1, -1, -1]])
SEEDS = np.array([12345, 2**62 + 7])


class Numbers:
    """Knuth's MMIX generator in Python's integers."""

    def __init__(self, seed):
        self.state = seed

    def upper(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return self.state >> 32

    def below(self, count):
        return self.upper() * count >> 32

    def unit(self):
        return (self.upper() >> 8) / 2**24


def tabled(score):
    """The sigmoid of the program: 1000 steps from -6 to 6."""
    step = math.floor((score + 6) * 1000 / 12)
    return 1.0 if score >= 6 else 0.0 if score <= -6 else 1 / (1 + math.exp(6 - step * 12 / 1000))


def learnt(tokens, seed, first, second, bias, chances, *, objective, program):
    """Move the vectors in place, and return the loss and the number of pairs."""
    numbers, loss, count = Numbers(int(seed)), 0.0, 0
    sigmoid = tabled if program else lambda score: 1 / (1 + math.exp(-score))
    for text in " ".join(map(str, tokens.tolist())).split("-1"):
        sentence = [word for word in map(int, text.split()) if numbers.unit() < chances.keep[word]]
        for centre, word in enumerate(sentence):
            reach = 1 + numbers.below(WINDOW)
            for near in range(max(centre - reach, 0), min(centre + reach + 1, len(sentence))):
                if near == centre:
                    continue
                own, target = (sentence[near], word) if program else (word, sentence[near])
                count += 1
                change = np.zeros(WIDTH)
                for row, yes, offset in choices(target, numbers, chances, objective, program):
                    score = first[own] @ second[row] + (bias[row] - offset if objective == "nce" else 0)
                    loss += math.log1p(math.exp(-score if yes else score))
                    if objective == "tree" and program and abs(score) >= 6:
                        continue
                    gain = RATE * (yes - sigmoid(score))
                    change += gain * second[row]
                    second[row] += gain * first[own]
                    if objective == "nce":
                        bias[row] += gain
                first[own] += change
    return loss, count


def choices(target, numbers, chances, objective, program):
    """Give what is asked for a word: the row of the second vectors, the answer, and log(k P) of noise."""
    if objective == "tree":
        begin, end = chances.codes.start[target : target + 2]
        for at in range(begin, end):
            yield int(chances.codes.node[at]), 1 - int(chances.codes.bit[at]), 0
        return
    yield target, 1, chances.log_noise[target]
    for _ in range(4):
        place = numbers.below(len(COUNTS))
        word = place if numbers.unit() < chances.noise.chance[place] else int(chances.noise.other[place])
        if not (program and word == target):
            yield word, 0, chances.log_noise[word]


@pytest.mark.parametrize("program", [True, False])
@pytest.mark.parametrize("objective", ["noise", "nce", "tree"])
@pytest.mark.parametrize("size", [0.3, 3.0])
def test_loops_move_the_vectors_as_plain_python_does(objective, program, size):
    negatives = 0 if objective == "tree" else 4
    chances = Chances.of(COUNTS, threshold=0.2, published=not program, num_negatives=negatives, power=0.75)
    rng = np.random.default_rng(0)
    first, second = (rng.normal(size=(6, WIDTH)) * size for _ in range(2))
    bias = rng.normal(size=6)
    flat = [each.astype(np.float32).reshape(-1) for each in (first, second, bias)]
    loss, count = np.zeros(2), np.zeros(2, np.int64)
    asked = rule(chances, width=WIDTH, window=WINDOW, num_negatives=negatives, program=program, nce=objective == "nce")
    learn_rows(TOKENS, SEEDS, loss, count, *flat, RATE, asked)
    for row in range(2):
        wanted = learnt(TOKENS[row], SEEDS[row], first, second, bias, chances, objective=objective, program=program)
        assert (loss[row], count[row]) == pytest.approx(wanted, rel=1e-4)
    assert count.sum() > 20
    for found, plain in zip(flat, (first, second, bias), strict=True):
        np.testing.assert_allclose(found, plain.reshape(-1), rtol=2e-3, atol=2e-3)


def test_at_a_rate_of_0_nothing_moves():
    chances = Chances.of(COUNTS, threshold=0, published=False, num_negatives=4, power=0.75)
    flat = [np.random.default_rng(0).normal(size=size).astype(np.float32) for size in (6 * WIDTH, 6 * WIDTH, 1)]
    before = [each.copy() for each in flat]
    loss, count = np.zeros(2), np.zeros(2, np.int64)
    asked = rule(chances, width=WIDTH, window=WINDOW, num_negatives=4, program=True, nce=False)
    learn_rows(TOKENS, SEEDS, loss, count, *flat, 0.0, asked)
    assert all((now == was).all() for now, was in zip(flat, before, strict=True))
    assert (loss > 0).all()


def test_noise_is_drawn_and_words_are_kept_as_often_as_they_should_be():
    """At a rate of 0, a loss of pairs that stand for themselves tells how often each word was drawn."""
    chances = Chances.of(COUNTS, threshold=0.05, published=False, num_negatives=50, power=0.75)
    tokens = np.tile([0, 1], (400, 100))
    second = np.zeros((6, 1), np.float32)
    second[:, 0] = np.arange(6)
    loss, count = np.zeros(400), np.zeros(400, np.int64)
    asked = rule(chances, width=1, window=1, num_negatives=50, program=False, nce=False)
    seeds = np.random.default_rng(0).integers(0, 2**63 - 1, 400)
    learn_rows(
        tokens, seeds, loss, count, np.ones(6, np.float32), second.reshape(-1), np.zeros(1, np.float32), 0.0, asked
    )
    kept = 100 * (chances.keep[0] + chances.keep[1])
    assert count.mean() == pytest.approx(2 * kept - 2, rel=0.02)
    noise = COUNTS**0.75 / (COUNTS**0.75).sum()
    drawn = 50 * (noise * np.log1p(np.exp(np.arange(6)))).sum()
    itself = (chances.keep[:2] * np.log1p(np.exp([0, -1]))).sum() / chances.keep[:2].sum()
    assert loss.sum() / count.sum() == pytest.approx(drawn + itself, rel=2e-3)


@pytest.mark.parametrize("end", [6, -6])
def test_a_score_right_within_the_reach_of_the_tables_reads_nothing_beyond_them(end):
    score = np.nextafter(np.float32(end), np.float32(0))
    chances = Chances.of(np.array([9, 1]), threshold=0, published=False, num_negatives=1, power=60.0)
    asked = rule(chances, width=1, window=1, num_negatives=1, program=True, nce=False)
    padded = [np.concatenate([table, np.full(9, np.inf, np.float32)]) for table in (asked.sigmoid, asked.softplus)]
    asked = asked._replace(sigmoid=padded[0][:-9], softplus=padded[1][:-9])
    first, second = np.ones(2, np.float32), np.full(2, score, np.float32)
    loss, count = np.zeros(1), np.zeros(1, np.int64)
    learn_rows(np.array([[0, 1]]), np.array([5]), loss, count, first, second, np.zeros(2, np.float32), 1e-3, asked)
    assert np.isfinite(first).all()
    own, noise = np.log1p(np.exp([-score, score]))
    assert loss[0] == pytest.approx(2 * own + noise, rel=1e-3)  # noise is word 0: once itself
