"""Names of classes find their vectors."""

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats.word_vectors import WordVectors
from lessup.labels.class_names import class_vectors

WORDS = ("ice", "cream", "ice_cream", "pan", "Pan", "guinea", "pig", "tench", "t-shirt", "don")
VECTORS = WordVectors(WORDS, np.eye(10, dtype=np.float32))


def mean(*words):
    return np.mean([VECTORS.vectors[WORDS.index(word)] for word in words], 0)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("tench", ["tench"]),
        ("Tench", ["tench"]),
        ("Pan", ["Pan"]),
        ("ice cream", ["ice_cream"]),
        ("Guinea pig", ["guinea", "pig"]),
        ("guinea_pig", ["guinea", "pig"]),
        ("T shirt", ["t-shirt"]),
        ("Tinca tinca / tench", ["tench"]),
    ],
)
def test_a_name_finds_its_word_its_words_or_a_synonym(name, words):
    expected = mean(*words)
    np.testing.assert_allclose(class_vectors([name], VECTORS)[name], expected / np.linalg.norm(expected), rtol=1e-6)


def test_synonyms_count_alike_whatever_their_length():
    found = class_vectors(["Cavia cobaya, guinea pig / tench"], VECTORS)["Cavia cobaya, guinea pig / tench"]
    pair = mean("guinea", "pig")
    np.testing.assert_allclose(found, (pair / np.linalg.norm(pair) + mean("tench")) / 2)


def test_names_that_are_missing_are_said_with_the_nearest_words():
    with pytest.raises(DataError, match=r"2 of 3 names are not among the 10 words: 'tensh' \(tensh: near tench\)"):
        class_vectors(["pig", "tensh", "qqq"], VECTORS)
