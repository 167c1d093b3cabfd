"""Whether directions between words say how they are related: a is to b as c is to which word?

Source: Mikolov, Chen, Corrado, Dean, *Efficient Estimation of Word Representations in Vector Space*, 2013,
https://arxiv.org/abs/1301.3781, section 4, and the program compute-accuracy of word2vec: the answer is the word whose
vector is nearest to b - a + c, by cosine, among the commonest words without a, b and c; questions with a word that is
not among these are not asked; case does not count.

Differs from the paper: random vectors of the same words stand beside the model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.evaluation import Protocol, Result, Score, scores_over
from lessup.formats.word_tests import Analogies, read_analogies
from lessup.formats.word_vectors import WordVectors
from lessup.methods import Method
from lessup.methods.skip_gram import SkipGram
from lessup.metrics.word_analogies import fourth_words
from lessup.samples.splits import Split


class WordAnalogies(Protocol):
    """``semantic``, ``syntactic`` and ``total``: questions answered rightly, in percent of those asked.

    ``of_all`` counts those that were not asked as wrong; ``asked`` is how many were, in percent. ``total/SECTION`` is
    of one section.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            questions: file of sections of four words a line, or ``questions-words``, which comes with gensim.
            most_words: answers are sought among so many of the commonest words, and questions about others not asked.
            seed: of the random vectors.
            references: also measure chance and random vectors.
        """

        questions: str = "questions-words"
        most_words: int = 30_000
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Mikolov, Chen, Corrado, Dean, Efficient Estimation of Word Representations in Vector Space, 2013, "
        "https://arxiv.org/abs/1301.3781"
    )
    reads: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[type[Method]] = SkipGram
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:  # noqa: ARG002 - words are measured, not samples
        """Answer the questions.

        Raises:
            DataError: the file cannot be read, or none of its questions can be asked.
            UsageError: too few words are left.
        """
        assert isinstance(method, SkipGram)
        config, known = self.config, method.word_vectors()
        if config.most_words < 4:
            raise UsageError(f"--most-words {config.most_words}: wanted 4 or more")
        sections = read_analogies(config.questions)
        vectors = {"random": known.at_random(config.seed)} if config.references else {}
        rows: dict[str, Mapping[str, Score]] = {
            row: scores_over([analogy_scores(own, sections, config.most_words)])
            for row, own in (vectors | {"model": known}).items()
        }
        if config.references:
            chance = Score(100 / (min(config.most_words, len(known.words)) - 3))
            rows = {"chance": {part: chance for part in PARTS if part in rows["model"]}, **rows}
        return Result(rows, notes=_notes(sections, known, config.most_words))


PARTS = ("semantic", "syntactic", "total")
"""Over what scores are taken."""


def analogy_scores(vectors: WordVectors, sections: Sequence[Analogies], most_words: int) -> dict[str, float]:
    """Answer all questions about the commonest words.

    Args:
        vectors: the commonest word first.
        sections: of questions.
        most_words: see ``WordAnalogies.Config``.

    Returns:
        The metrics of ``WordAnalogies``; a part or section of which nothing was asked has none.

    Raises:
        DataError: no question can be asked.
    """
    place = vectors.place_without_case(most_words)
    asked = [_asked(section, place) for section in sections]
    if not sum(map(len, asked)):
        raise DataError(
            f"none of {_count(sections)} questions can be asked: each has a word that is not among the "
            f"{min(most_words, len(vectors.words))} commonest, such as {' '.join(sections[0].questions[0])}; pass a "
            "larger --most-words, or --questions about words of the text"
        )
    right = [
        fourth_words(vectors.vectors[:most_words], places[:, :3]) == places[:, 3] if len(places) else np.zeros(0, bool)
        for places in asked
    ]
    chosen = {
        "semantic": [not section.syntactic for section in sections],
        "syntactic": [section.syntactic for section in sections],
        "total": [True] * len(sections),
    }
    joined = {
        part: np.concatenate([right[0][:0], *(one for one, own in zip(right, chosen[part], strict=True) if own)])
        for part in PARTS
    }
    joined |= {f"total/{section.section}": own for section, own in zip(sections, right, strict=True)}
    scores = {part: 100 * float(own.mean()) for part, own in joined.items() if len(own)}
    count = _count(sections)
    return scores | {
        "of_all": 100 * float(joined["total"].sum()) / count,
        "asked": 100 * len(joined["total"]) / count,
    }


def _asked(section: Analogies, place: Mapping[str, int]) -> NDArray[np.int64]:
    """Return (N, 4) places of the words of the questions that can be asked."""
    found = [[place.get(word.upper(), -1) for word in question] for question in section.questions]
    places = np.array(found, np.int64).reshape(-1, 4)
    return places[(places >= 0).all(1)]


def _count(sections: Sequence[Analogies]) -> int:
    return sum(len(section.questions) for section in sections)


def _notes(sections: Sequence[Analogies], known: WordVectors, most_words: int) -> tuple[str, ...]:
    """Say how many questions were asked of each part."""
    place, told = known.place_without_case(most_words), []
    for part, syntactic in (("semantic", False), ("syntactic", True)):
        own = [section for section in sections if section.syntactic is syntactic]
        if own:
            told.append(f"{sum(len(_asked(one, place)) for one in own)} of {_count(own)} {part}")
    cut = min(most_words, len(known.words))
    return (
        f"answers are sought among the {cut} commonest of {len(known.words)} words",
        f"asked: {' and '.join(told)} questions; the others have a word that is not among these",
    )
