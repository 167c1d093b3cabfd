"""What vectors of words know."""

from lessup.report.presentation import Presentation

_ROWS = {"random": "random vectors"}

_ASKED = "Those with a word that the vectors do not hold are not asked. "

PRESENTATIONS = {
    "analogies": Presentation(
        title="Analogies of words",
        sentence="A is to b as c is to which word? The nearest to b - a + c answers: right answers in percent of the "
        "questions asked. " + _ASKED + "Higher is better.",
        lower_is_better={"total": False, "semantic": False, "syntactic": False, "of_all": False, "asked": None},
        columns={"of_all": "of all questions, asked or not", "asked": "share of questions asked"},
        rows=_ROWS,
    ),
    "word-similarity": Presentation(
        title="Words that are alike",
        sentence="Pairs of words whose likeness people have judged: Spearman's correlation of their judgement with "
        "the cosine of the vectors, times 100. " + _ASKED + "Higher is better.",
        lower_is_better={"spearman": False, "asked": None},
        columns={"spearman": "rank correlation", "asked": "share of pairs asked"},
        rows=_ROWS,
    ),
}
