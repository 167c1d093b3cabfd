"""Vectors of words from 40 novels, beside gensim's at equal settings and vocabulary: what they know, and how fast.

    python benchmarks/skip_gram.py --data ../shared/data/english-novels-40.tar.xz
    python benchmarks/skip_gram.py --data ../shared/data/english-novels-40.tar.xz --speed

Five passes, 100 numbers a word, a window of 5, 5 words of noise, as in word2vec's program. `analogies` and
`word-similarity` are the protocols of those names; rows of one seed a value. Words/s are words of the text, rare ones
left out, by seconds on the wall of training alone, without compiling and without reading. gensim is given the same
sentences, as lists in memory, and the same counts. PPMI-SVD counts pairs within the window and has no seed.

`--speed` trains with negative sampling for one pass, ours and gensim in turn, with one thread and with two, and asks
for nothing else; it wants a machine that does nothing else.
"""

import argparse
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.linalg import svds

import record
from lessup import data, training
from lessup.evaluation.analogies import analogy_scores
from lessup.evaluation.word_similarity import similarity_scores
from lessup.formats.word_tests import read_analogies, read_word_pairs
from lessup.formats.word_vectors import WordVectors
from lessup.methods.skip_gram import SkipGram, SkipGramConfig
from lessup.runs import Training
from lessup.samples import Reading
from lessup.samples.texts import Texts
from lessup.training.unrecorded import fit_unrecorded

BATCH = 64
"""Pieces of a thousand words an update."""

OURS = {
    "lessup: negative sampling": SkipGramConfig(),
    "lessup: hierarchical softmax": SkipGramConfig(objective="hierarchical-softmax"),
    "lessup: nce": SkipGramConfig(objective="nce"),
    "lessup: negative sampling, as in the paper": SkipGramConfig(conventions="paper", threshold=1e-5),
}
"""Rows by settings."""

THEIRS = {
    "gensim: negative sampling": {"negative": 5},
    "gensim: hierarchical softmax": {"hs": 1, "negative": 0},
}
"""Rows of gensim by settings."""


def ours(texts: Texts, config: SkipGramConfig, epochs: int, seed: int, threads: int) -> tuple[WordVectors, float]:
    """Train a network, and return its vectors and the seconds that it took."""
    torch.set_num_threads(threads)
    method = training.build("skip-gram", SkipGram.configured(config, texts), seed)
    assert isinstance(method, SkipGram)
    warm = Training(steps=1, batch_size=1, seed=seed, device="cpu")
    fit_unrecorded(training.build("skip-gram", method.config, seed), texts.take(np.arange(40)), warm)
    steps = round(epochs * len(texts) / BATCH)
    start = time.perf_counter()
    fit_unrecorded(method, texts, replace(warm, steps=steps, batch_size=BATCH, log_every=steps))
    return method.word_vectors(), time.perf_counter() - start


def theirs(texts: Texts, settings: Any, epochs: int, seed: int, threads: int) -> tuple[WordVectors, float]:
    """Train gensim's network on the same sentences, and return its vectors and the seconds that it took."""
    from gensim.models import Word2Vec

    sentences = [sentence for index in range(len(texts)) for sentence in sentences_of(texts, index)]
    model = Word2Vec(sg=1, vector_size=100, window=5, sample=1e-3, min_count=1, workers=threads, seed=seed, **settings)
    known = texts.vocabulary
    model.build_vocab_from_freq(dict(zip(known.words, known.counts.tolist(), strict=True)))
    start = time.perf_counter()
    model.train(sentences, total_words=sum(map(len, sentences)), epochs=epochs)
    return WordVectors.from_keyed_vectors(model.wv), time.perf_counter() - start


def sentences_of(texts: Texts, index: int) -> list[list[str]]:
    """Return the sentences of a piece."""
    words = texts.vocabulary.words
    ends = np.flatnonzero(texts.piece(index) < 0)
    return [
        [words[place] for place in part[part >= 0].tolist()]
        for part in np.split(texts.piece(index), ends)
        if (part >= 0).any()
    ]


def random(texts: Texts, seed: int) -> WordVectors:
    """Return vectors that know nothing."""
    words = texts.vocabulary.words
    return WordVectors(words, np.random.default_rng(seed).normal(size=(len(words), 100)).astype(np.float32))


def counted(texts: Texts) -> WordVectors:
    """Return vectors from counts: positive pointwise mutual information within the window, 100 singular vectors.

    Source: Levy, Goldberg, Dagan, *Improving Distributional Similarity with Lessons Learned from Word Embeddings*,
    2015; singular values to the power 1/2, near words weigh more, as in word2vec.
    """
    num = len(texts.vocabulary.words)
    pairs = coo_array((num, num), dtype=np.float64).tocsr()
    flat = np.concatenate([texts.piece(index) for index in range(len(texts))]).astype(np.int64)
    sentence = np.cumsum(flat < 0)
    for distance in range(1, 6):
        near = (sentence[distance:] == sentence[:-distance]) & (flat[distance:] >= 0) & (flat[:-distance] >= 0)
        ends = flat[:-distance][near], flat[distance:][near]
        weight = np.full(near.sum(), (6 - distance) / 5)
        pairs = pairs + coo_array((weight, ends), shape=(num, num)).tocsr()
    pairs = (pairs + pairs.T).tocoo()
    mass: NDArray[np.float64] = np.asarray(pairs.sum(1)).ravel()
    noise = mass**0.75 / (mass**0.75).sum()
    value = np.log(pairs.data / (mass[pairs.row] * noise[pairs.col]))
    kept = value > 0
    left, strength, _ = svds(
        coo_array((value[kept], (pairs.row[kept], pairs.col[kept])), shape=(num, num)).tocsr(), 100
    )
    return WordVectors(texts.vocabulary.words, (left * np.sqrt(strength)).astype(np.float32))


def known_by(vectors: WordVectors) -> dict[str, float]:
    """Return the scores of the protocols."""
    scores = analogy_scores(vectors, read_analogies("questions-words"), 30_000)
    for name in ("wordsim353", "simlex999"):
        scores |= {
            f"{name}_{key}": value for key, value in similarity_scores(vectors, read_word_pairs(name), 300_000).items()
        }
    return {key: round(value, 2) for key, value in scores.items()}


def main() -> None:
    """Measure and write the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--only", default="", help="rows that contain this")
    parser.add_argument("--speed", action="store_true")
    asked = parser.parse_args()
    if asked.speed:
        found = {"data": asked.data, "lines": speeds(data.load(asked.data), asked.seeds)}
        record.write("skip_gram_speed", found)
        return
    texts, phrases = (data.load(asked.data, Reading(phrases=passes)) for passes in ((), (200.0, 100.0)))
    assert isinstance(texts, Texts)
    assert isinstance(phrases, Texts)
    rows: list[tuple[str, Texts, Callable[..., tuple[WordVectors, float]], Any]] = [
        *((row, texts, ours, config) for row, config in OURS.items()),
        ("lessup: negative sampling, phrases joined", phrases, ours, SkipGramConfig()),
        *((row, texts, theirs, settings) for row, settings in THEIRS.items()),
    ]
    lines: list[dict[str, Any]] = []
    for name, made in {"random vectors": lambda: random(texts, 0), "PPMI-SVD": lambda: counted(texts)}.items():
        if asked.only in name:
            lines.append({"row": name, "seed": 0} | known_by(made()))
            print(lines[-1], flush=True)
    for row, read, train, settings in rows:
        for seed in asked.seeds if asked.only in row else ():
            vectors, _ = train(read, settings, asked.epochs, seed, 1)
            lines.append({"row": row, "seed": seed, "words": len(vectors.words)} | known_by(vectors))
            print(lines[-1], flush=True)
    record.write("skip_gram", {"data": asked.data, "epochs": asked.epochs, "lines": lines})


def speeds(texts: Texts, seeds: list[int]) -> list[dict[str, Any]]:
    """Return the words a second of one pass, ours and gensim's in turn."""
    lines = []
    for threads in (1, 2):
        for seed in seeds:
            for row, train, settings in (
                ("lessup", ours, OURS["lessup: negative sampling"]),
                ("gensim", theirs, THEIRS["gensim: negative sampling"]),
            ):
                _, seconds = train(texts, settings, 1, seed, threads)
                words = int((texts.flat >= 0).sum())
                lines.append({"row": row, "seed": seed, "threads": threads, "words_per_second": round(words / seconds)})
                print(lines[-1], flush=True)
    return lines


if __name__ == "__main__":
    main()
