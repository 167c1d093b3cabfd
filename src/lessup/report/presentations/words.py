"""What vectors of words know."""

from lessup.report.presentation import Presentation

PRESENTATIONS = {
    "analogies": Presentation(
        "Analogies of words", "Right answers in percent of the questions asked.", {"total": False, "semantic": False}
    ),
    "word-similarity": Presentation("Words that are alike", "Spearman's correlation times 100.", {"spearman": False}),
}
