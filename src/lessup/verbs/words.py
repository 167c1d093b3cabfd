"""Vectors of words from a run: written to a file, and the words nearest to some of them."""

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from lessup.errors import UsageError
from lessup.features import Features, write_features
from lessup.formats import word_vectors
from lessup.formats.word_vectors import WordVectors
from lessup.methods import Method
from lessup.methods.skip_gram import SkipGram
from lessup.probes.nearest import Metric, nearest_of_others

BINARY, TEXT = (".bin",), (".txt", ".vec")
"""Endings of word2vec's binary and text files."""


def words_of(method: Method, run: str | Path) -> WordVectors:
    """Return the words that a network knows, with their vectors.

    Raises:
        UsageError: it knows none.
    """
    if not isinstance(method, SkipGram):
        raise UsageError(f"{run} holds no words: --data says of what features are wanted")
    return method.word_vectors()


def write_words(known: WordVectors, out: Path) -> None:
    """Write vectors of words as a features.npz, one word a sample, or as word2vec's binary (.bin) or text (.txt, .vec).

    Raises:
        UsageError: the file has another ending.
        RunError: it cannot be written.
    """
    ending = out.suffix.lower()
    if ending == ".npz":
        nothing = np.full(len(known.words), -1, np.int64)
        write_features(out, Features(known.vectors, np.array(known.words, np.str_), nothing, ()))
    elif ending in (*BINARY, *TEXT):
        word_vectors.write(out, known, binary=ending in BINARY)
    else:
        raise UsageError(f"{out}: vectors of words are written as .npz, .bin, .txt or .vec")


def nearest_words(known: WordVectors, queries: Sequence[str], *, count: int, metric: Metric) -> dict[str, Any]:
    """Find the words nearest to each of some words; see ``neighbors``.

    Raises:
        UsageError: a word is not known, or there are too few others.
    """
    strange = [query for query in queries if query not in known.place]
    if strange:
        near = difflib.get_close_matches(strange[0], known.words, n=3)
        hint = f"did you mean {', '.join(near)}?" if near else f"it knows words such as {', '.join(known.words[:3])}"
        raise UsageError(f"{strange[0]!r} is none of the {len(known.words)} words of the run: {hint}")
    places = torch.tensor([known.place[query] for query in queries])
    bank = torch.from_numpy(known.vectors)
    found = nearest_of_others(bank[places], bank, count, own=places, group=torch.arange(len(bank)), metric=metric)
    answers = []
    for query, index, distance in zip(queries, found.index.tolist(), found.distance.tolist(), strict=True):
        near_ones = [
            {"name": known.words[place], "class": None}
            | ({"cosine": 1 - away} if metric == "cosine" else {"distance": away})
            for place, away in zip(index, distance, strict=True)
        ]
        answers.append({"query": str(query), "neighbors": near_ones})
    return {"layer": "words", "metric": metric, "queries": answers}
