"""Advice from tables made by hand."""

import pytest

from lessup.report.recommendation import recommendation
from lessup.report.transfer_table import Column, Row, TransferTable, Value

SHOTS = (1, 2, 10)
COLUMNS = tuple(Column("few labels", f"class_mean_{shot}", "", "", False) for shot in SHOTS)


def row(key, means, standings=("", "", ""), *, kind="trained", n=5):
    values = {
        column.metric: Value(mean, 1.0, n, standing)
        for column, mean, standing in zip(COLUMNS, means, standings, strict=True)
    }
    return Row(key, f"<{key}>", kind, {"few labels": values})


def advice(*rows):
    return recommendation(
        TransferTable("photos", COLUMNS, (row("chance", (9, 9, 9), kind="trivial"), *rows)), SHOTS, num_asked=50
    )


def test_row_that_helps_most_is_named_for_each_stretch_of_columns():
    said = advice(
        row("pretrained", (50, 60, 80)),
        row("a", (58, 66, 81), ("better", "better", "within")),
        row("b", (55, 65, 99), ("better", "better", "unknown")),
    )
    assert said == (
        "With 1 or 2 labels a class <a> helps most: 8.0 to 6.0 points above <pretrained>.",
        "With 10 labels a class nothing beats <pretrained> by more than the spread.",
    )


def test_one_stretch_for_each_row_where_the_best_changes():
    said = advice(
        row("pretrained", (50, 60, 80)),
        row("a", (58, 61, 70), ("better", "within", "worse")),
        row("b", (55, 65, 85), ("better", "better", "better")),
    )
    assert [sentence.split(" helps")[0] for sentence in said] == [
        "With 1 label a class <a>",
        "With 2 or 10 labels a class <b>",
    ]
    assert said[1].endswith("5.0 points above <pretrained>.")


def test_where_nothing_helps_the_plain_way_is_advised():
    said = advice(row("pretrained", (50, 60, 80)), row("a", (51, 50, 80), ("within", "worse", "within")))
    assert said == ("Nothing beats <pretrained> by more than the spread, with any number of labels: take that.",)


def test_without_a_spread_nothing_is_claimed():
    unknown = ("unknown", "unknown", "unknown")
    said = advice(row("pretrained", (50, 60, 80), n=1), row("a", (90, 90, 90), unknown, n=1))
    assert said == ("One draw of labels has no spread, so that no gain can be told from luck: pass --draws 5.",)


@pytest.mark.parametrize(
    ("names", "worth"),
    [
        (40, "less than 1 label a class"),
        (50, "1 label a class"),
        (60, "about 2 labels a class"),
        (70, "about 4 labels a class"),  # half the way from 2 to 10 over the logarithm: the root of 20
        (90, "more than 10 labels a class"),
    ],
)
def test_names_are_worth_the_labels_that_the_plain_way_needs(names, worth):
    said = advice(row("pretrained", (50, 60, 80)), row("zero-shot", (names, names, names), ("within",) * 3))
    assert said[-1] == f"Names alone are worth {worth}."


def test_scratch_and_all_labels_are_set_against_what_pretrained_features_need():
    said = advice(
        row("pretrained", (50, 60, 80)),
        row("scratch", (10, 20, 60), ("unknown",) * 3, n=1),
        row("all-labels", (90, 90, 90), kind="supervised", n=1),
    )
    assert said[-2:] == (
        "A network from random weights does with 10 labels a class what pretrained features do with about 2 labels a "
        "class.",
        "All labels of the training part give 90.0 %, 10.0 points more than the best row with 10 labels a class.",
    )


def test_all_labels_that_add_nothing_are_said_to():
    said = advice(row("pretrained", (50, 60, 80)), row("all-labels", (79, 79, 79), kind="supervised", n=1))
    assert said[-1] == (
        "All labels of the training part give 79.0 %, no more than the best row with 10 labels a class."
    )
