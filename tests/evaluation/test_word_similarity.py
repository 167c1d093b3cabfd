import numpy as np
import pytest
import torch
from scipy.stats import rankdata

from lessup.errors import DataError
from lessup.evaluation.word_similarity import WordSimilarity, similarity_scores
from lessup.formats.word_tests import read_word_pairs
from lessup.formats.word_vectors import WordVectors
from lessup.methods.skip_gram import SkipGram, SkipGramConfig
from lessup.samples.splits import Split

WORDS = tuple("abcdefgh")


@pytest.fixture
def pairs(tmp_path):
    rng = np.random.default_rng(0)
    lines = [f"{a}\t{b.upper()}\t{rng.integers(0, 10)}" for a in "abcdef" for b in "fghx" if a != b]
    (tmp_path / "pairs.tsv").write_text("\n".join(lines))
    return str(tmp_path / "pairs.tsv")


def test_score_is_the_correlation_of_ranks_and_that_of_gensim(pairs):
    pytest.importorskip("gensim")
    vectors = WordVectors(WORDS, np.random.default_rng(1).normal(size=(8, 4)).astype(np.float32))
    found = similarity_scores(vectors, read_word_pairs(pairs), 300)
    cosine, said = [], []
    for pair in read_word_pairs(pairs):
        if pair.second != "X":
            a, b = (vectors.vectors[WORDS.index(word.lower())].astype(float) for word in (pair.first, pair.second))
            cosine.append(a @ b / np.sqrt((a @ a) * (b @ b)))
            said.append(pair.likeness)
    ranks = np.corrcoef(rankdata(cosine), rankdata(said))[0, 1]
    assert found["spearman"] == pytest.approx(100 * ranks)
    assert found["asked"] == pytest.approx(100 * 17 / 23)
    _, theirs, unknown = vectors.to_keyed_vectors().evaluate_word_pairs(pairs)
    assert found["spearman"] == pytest.approx(100 * theirs[0], rel=1e-4)
    assert found["asked"] == pytest.approx(100 - unknown)


def test_random_vectors_stand_beside_the_model_and_unknown_words_are_counted(pairs):
    method = SkipGram(SkipGramConfig(dimension=4, num_words=8, num_bytes=15))
    method.spelling.copy_(torch.tensor(list("\n".join(WORDS).encode()), dtype=torch.uint8))
    result = WordSimilarity(WordSimilarity.Config(pairs=pairs)).measure(method, Split(*[None] * 3))
    assert list(result.rows) == ["random", "model"]
    assert result.notes == ("asked: 17 of 23 pairs; the others have a word that is not among the 8 commonest",)


def test_words_that_are_not_known_are_an_error(pairs):
    vectors = WordVectors(("y", "z"), np.eye(2, dtype=np.float32))
    with pytest.raises(DataError, match="0 of 23 pairs have both words among the 2 commonest"):
        similarity_scores(vectors, read_word_pairs(pairs), 300)
