"""Classes that training has not seen."""

from lessup.report.presentation import IMAGE_ROWS, Presentation

_ZERO_SHOT = {
    "unseen": "unseen, among unseen",
    "seen_among_all": "seen, among all",
    "unseen_among_all": "unseen, among all",
    "harmonic": "harmonic mean",
    "calibrated": "harmonic mean, calibrated",
    "area": "area under unseen by seen",
}

PRESENTATIONS = {
    "zero-shot": Presentation(
        title="Classes never seen",
        sentence="Samples of classes that were not learnt from, told by descriptions of the classes: accuracy in "
        "percent, as mean over classes, with the unseen classes alone to choose from and with all. Higher is better.",
        lower_is_better=dict.fromkeys(_ZERO_SHOT, False),
        columns=_ZERO_SHOT,
        rows={
            "dap": "DAP",
            "conse": "ConSE",
            "devise": "DeViSE",
            "eszsl": "ESZSL",
            "exem": "EXEM",
            "exem_spread": "EXEM, spread over all (transductive)",
        },
        headline="unseen",
    ),
    "few-shot": Presentation(
        title="A few images of each class",
        sentence="Classes told from a few images of each in random episodes, in percent, with the half width of the "
        "95 % interval; across all classes, and within one super-class, such as an alphabet. Higher is better.",
        lower_is_better={"across": False, "within": False, "across_interval": None, "within_interval": None},
        rows=IMAGE_ROWS,
    ),
    "omniglot-runs": Presentation(
        title="One drawing of each character",
        sentence="The official one-shot runs of Omniglot: each character of an alphabet is drawn once by one person "
        "and is to be told among the drawings of another. Share of drawings that are told wrong, in percent: mean and "
        "spread over the runs. Lower is better. The nearest pixels and the Hausdorff distance of the ink set the marks "
        "to beat.",
        lower_is_better={"error": True},
        columns={"error": "told wrong"},
        rows={**IMAGE_ROWS, "pixels": "nearest pixels", "hausdorff": "modified Hausdorff distance"},
    ),
}
