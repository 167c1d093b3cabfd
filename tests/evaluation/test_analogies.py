import numpy as np
import pytest
import torch

from lessup.errors import DataError, UsageError
from lessup.evaluation.analogies import WordAnalogies, analogy_scores
from lessup.formats.word_tests import read_analogies
from lessup.formats.word_vectors import WordVectors
from lessup.methods.skip_gram import SkipGram, SkipGramConfig
from lessup.samples.splits import Split

WORDS = ("the", "king", "queen", "man", "woman", "go", "went", "do", "did", "Man", "rare")
QUESTIONS = """: family
man woman king queen
king queen MAN woman
man woman uncle aunt
: gram7-past-tense
go went do did
do did go went
rare did go went
"""


@pytest.fixture
def questions(tmp_path):
    (tmp_path / "questions.txt").write_text(QUESTIONS)
    return str(tmp_path / "questions.txt")


def trained(vectors, words=WORDS) -> SkipGram:
    """A network that knows some words and their vectors."""
    text = "\n".join(words).encode()
    method = SkipGram(SkipGramConfig(dimension=vectors.shape[1], num_words=len(words), num_bytes=len(text)))
    method.spelling.copy_(torch.tensor(list(text), dtype=torch.uint8))
    method.first.data.copy_(torch.from_numpy(vectors))
    return method.eval()


def measured(vectors, questions, **settings):
    nothing = Split(*[None] * 3)
    return WordAnalogies(WordAnalogies.Config(questions=questions, **settings)).measure(trained(vectors), nothing)


def square():
    """Male and female, present and past are directions; what else there is points elsewhere."""
    vectors = np.random.default_rng(0).normal(size=(11, 8)).astype(np.float32)
    for base, sides in ((0, (1, 2)), (2, (3, 4)), (4, (5, 6)), (6, (7, 8))):
        vectors[sides[0]] = 5 * np.eye(8)[base // 2]
        vectors[sides[1]] = vectors[sides[0]] + 2 * np.eye(8)[6 if base < 4 else 7]
    return vectors


def test_relations_that_are_directions_are_found_and_parts_stand_apart(questions):
    result = measured(square(), questions, most_words=9)
    found = {metric: score.mean for metric, score in result.rows["model"].items()}
    assert found == {
        "semantic": 100,
        "syntactic": 100,
        "total": 100,
        "total/family": 100,
        "total/gram7-past-tense": 100,
        "of_all": pytest.approx(400 / 6),
        "asked": pytest.approx(400 / 6),
    }
    assert result.rows["chance"]["total"].mean == pytest.approx(100 / 6)
    assert result.notes == (
        "answers are sought among the 9 commonest of 11 words",
        "asked: 2 of 3 semantic and 2 of 3 syntactic questions; the others have a word that is not among these",
    )


@pytest.mark.parametrize("most", [9, 11])
def test_scores_are_those_of_gensim(questions, most):
    pytest.importorskip("gensim")
    for seed in range(5):
        vectors = square() + np.random.default_rng(seed).normal(size=(11, 8)).astype(np.float32)
        known = WordVectors(WORDS, vectors)
        _, sections = known.to_keyed_vectors().evaluate_word_analogies(questions, restrict_vocab=most)
        found = analogy_scores(known, read_analogies(questions), most)
        for name, section in zip(("total/family", "total/gram7-past-tense", "total"), sections, strict=True):
            right, wrong = len(section["correct"]), len(section["incorrect"])
            assert found[name] == pytest.approx(100 * right / (right + wrong))


def test_a_part_of_which_nothing_can_be_asked_has_no_score(questions):
    result = measured(square(), questions, most_words=5)
    assert "syntactic" not in result.rows["model"]
    assert "syntactic" not in result.rows["chance"]
    assert result.rows["model"]["asked"].mean == pytest.approx(200 / 6)


def test_nothing_to_ask_is_an_error(questions):
    with pytest.raises(DataError, match="none of 6 questions can be asked"):
        measured(square(), questions, most_words=4)
    with pytest.raises(UsageError, match="4 or more"):
        measured(square(), questions, most_words=3)
