"""Which word is to a third as a second is to a first, by the directions of vectors."""

import numpy as np
from numpy.typing import NDArray

BLOCK = 256
"""Questions that are answered at once."""


def fourth_words(vectors: NDArray[np.float32], questions: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the word whose vector is nearest to b - a + c, by cosine, and is none of these three.

    Args:
        vectors: (V, D), among which the answer is sought; V > 3.
        questions: (N, 3) places of a, b and c.

    Returns:
        (N,) int64 places.

    Source: Mikolov, Chen, Corrado, Dean, *Efficient Estimation of Word Representations in Vector Space*, 2013, section
    4, and the program compute-accuracy of word2vec: all vectors are scaled to length 1 first.

    >>> square = np.array([[0, 1], [1, 1], [0, -1], [1, -1], [-1, 0]], np.float32)
    >>> fourth_words(square, np.array([[0, 1, 2]])).tolist()
    [3]
    """
    unit = directions(vectors)
    found = np.empty(len(questions), np.int64)
    for begin in range(0, len(questions), BLOCK):
        asked = questions[begin : begin + BLOCK]
        a, b, c = (unit[asked[:, place]] for place in range(3))
        cosine = (b - a + c) @ unit.T
        np.put_along_axis(cosine, asked, -np.inf, axis=1)
        found[begin : begin + BLOCK] = cosine.argmax(1)
    return found


def directions(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return (V, D) vectors of length 1; those of length 0 stay."""
    length = np.linalg.norm(vectors, axis=1, keepdims=True)
    unit: NDArray[np.float32] = (vectors / np.where(length > 0, length, 1)).astype(np.float32)
    return unit
