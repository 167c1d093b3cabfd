"""Whether words that people find alike have vectors in like directions.

Source: Finkelstein et al., *Placing Search in Context: The Concept Revisited*, 2002,
https://doi.org/10.1145/503104.503110 (WordSim-353); Hill, Reichart, Korhonen, *SimLex-999: Evaluating Semantic Models
with (Genuine) Similarity Estimation*, 2015, https://doi.org/10.1162/COLI_a_00237: Spearman's correlation of the cosine
with what people said.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.stats import spearmanr

from lessup.errors import DataError
from lessup.evaluation import Protocol, Result, scores_over
from lessup.formats.word_tests import WordPair, read_word_pairs
from lessup.formats.word_vectors import WordVectors
from lessup.methods import Method
from lessup.methods.skip_gram import SkipGram
from lessup.metrics.word_analogies import directions
from lessup.samples.splits import Split


class WordSimilarity(Protocol):
    """``spearman``: Spearman's correlation times 100, over the pairs of which both words are known.

    ``asked`` is how many these are, in percent.
    """

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is measured.

        Attributes:
            pairs: file of two words and a number a line, or ``wordsim353`` or ``simlex999``, which come with gensim.
            most_words: pairs with a word that is not among so many of the commonest are left out.
            seed: of the random vectors.
            references: also measure random vectors.
        """

        pairs: str = "wordsim353"
        most_words: int = 300_000
        seed: int = 0
        references: bool = True

    paper: ClassVar[str] = (
        "Finkelstein et al., Placing Search in Context: The Concept Revisited, 2002, "
        "https://doi.org/10.1145/503104.503110"
    )
    reads: ClassVar[tuple[str, ...]] = ()
    needs: ClassVar[type[Method]] = SkipGram
    learns: ClassVar[bool] = False
    config: Config

    def measure(self, method: Method, split: Split) -> Result:  # noqa: ARG002 - words are measured, not samples
        """Correlate cosines with what people said.

        Raises:
            DataError: the file cannot be read, or fewer than two pairs are known.
        """
        assert isinstance(method, SkipGram)
        config, known = self.config, method.word_vectors()
        pairs = read_word_pairs(config.pairs)
        vectors = {"random": known.at_random(config.seed)} if config.references else {}
        rows = {
            row: scores_over([similarity_scores(own, pairs, config.most_words)])
            for row, own in (vectors | {"model": known}).items()
        }
        asked = round(rows["model"]["asked"].mean * len(pairs) / 100)
        cut = min(config.most_words, len(known.words))
        note = f"asked: {asked} of {len(pairs)} pairs; the others have a word that is not among the {cut} commonest"
        return Result(rows, notes=(note,))


def similarity_scores(vectors: WordVectors, pairs: Sequence[WordPair], most_words: int) -> dict[str, float]:
    """Return the metrics of ``WordSimilarity``; case does not count.

    Args:
        vectors: the commonest word first.
        pairs: of words.
        most_words: see ``WordSimilarity.Config``.

    Raises:
        DataError: fewer than two pairs are known.
    """
    place = vectors.place_without_case(most_words)
    known = [pair for pair in pairs if pair.first.upper() in place and pair.second.upper() in place]
    if len(known) < 2:
        raise DataError(
            f"{len(known)} of {len(pairs)} pairs have both words among the {len(place)} commonest; wanted two: pass a "
            "larger --most-words, or --pairs about words of the text"
        )
    unit = directions(vectors.vectors)
    places = np.array([[place[pair.first.upper()], place[pair.second.upper()]] for pair in known])
    cosine = (unit[places[:, 0]] * unit[places[:, 1]]).sum(1)
    correlation = float(spearmanr(cosine, [pair.likeness for pair in known]).statistic)
    return {"spearman": 100 * correlation, "asked": 100 * len(known) / len(pairs)}
