"""What lies near in the features."""

from lessup.report.presentation import IMAGE_ROWS, Presentation

_VERIFIED = {
    "eer": "equal error rate",
    "fr_at_10": "false rejects at 10 % false accepts",
    "fr_at_7_5": "at 7.5 %",
    "fr_at_5": "at 5 %",
}

PRESENTATIONS = {
    "neighbors": Presentation(
        title="Images that look alike",
        sentence="Share of held-out images in percent that find one of their class among the k most alike of the "
        "others, by cosine of the features. Higher is better.",
        lower_is_better={"recall": False},
        columns={f"recall_{k}": f"among {k}" if k > 1 else "the nearest" for k in (1, 2, 4, 5, 8, 10, 20, 50, 100)},
        rows=IMAGE_ROWS,
        headline="recall_1",
    ),
    "verification": Presentation(
        title="Two images of one person, or of one thing?",
        sentence="Pairs of held-out images of people, or other classes: false rejects in percent at the thresholds of "
        "the distance at which 10, 7.5 and 5 % of the impostors are accepted, and the rate at which both errors are "
        "equal. By person: an image claims to be a person, by a normal distribution of that person's first images. "
        "Lower is better. The distance of pixels sets the mark to beat.",
        lower_is_better={"eer": True, "fr_at": True, "gaussian": True},
        columns={
            f"{prefix}{metric}": f"{said}{name}"
            for prefix, said in {"": "", "gaussian_": "by person: "}.items()
            for metric, name in _VERIFIED.items()
        },
        rows=IMAGE_ROWS,
        headline="(gaussian_)?eer",
    ),
}
