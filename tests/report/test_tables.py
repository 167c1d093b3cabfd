import re

import pytest

from lessup.report.presentation import Presentation
from lessup.report.presentations import presentation
from lessup.report.published import PUBLISHED
from lessup.report.tables import Cell, class_table, means_table, read_rows

LOWER = Presentation("Errors", lower_is_better={"half": True, "view": True})


def cells(table: str, name: str) -> list[str]:
    """The text of one row's cells, with a star behind what is bold."""
    (row,) = re.findall(rf'<th scope="row">{re.escape(name)}</th>(.*?)</tr>', table)
    found = re.findall(r"<td( class=\"best\")?>(.*?)</td>", row)
    return [re.sub(r"<.*?>", "", text) + ("*" if best else "") for best, text in found]


def test_best_of_each_column_is_bold():
    rows = {"identity": {"half": Cell(3.0), "view": Cell(2.0)}, "model": {"half": Cell(1.0), "view": Cell(4.0)}}
    table = means_table(rows, LOWER, method="voxel-unet")
    assert cells(table, "identity") == ["3.00", "2.00*"]
    assert cells(table, "voxel-unet") == ["1.00*", "4.00"]


def test_published_rows_compete_for_best_and_have_no_value_where_they_measured_nothing():
    shown, published = presentation("shape-repair"), PUBLISHED["shape-repair"]
    rows = {"model": {"rand_30": Cell(1.5), "half": Cell(2.0)}}
    table = means_table(rows, shown, method="mine", published=published)
    assert cells(table, "VConv-DAE") == ["1.04*", "&ndash;"]
    assert cells(table, "mine") == ["1.50", "2.00"]
    assert "Published, on another set of objects" in table


def test_higher_is_better_where_the_protocol_says_so():
    rows = {"chance": {"accuracy_view": Cell(10.0)}, "model": {"accuracy_view": Cell(88.0)}}
    table = means_table(rows, presentation("shape-classification"), method="mine")
    assert cells(table, "mine") == ["88.00*"]


def test_nothing_is_bold_in_a_column_of_unknown_direction():
    rows = {"a": {"size": Cell(1.0)}, "b": {"size": Cell(2.0)}}
    assert "best" not in means_table(rows, Presentation("New"), method="mine")


def test_values_that_look_alike_are_bold_alike():
    rows = {"identity": {"half": Cell(1.001)}, "model": {"half": Cell(1.002)}}
    table = means_table(rows, LOWER, method="mine")
    assert cells(table, "identity") == cells(table, "mine") == ["1.00*"]


def test_spread_is_shown_over_several_runs_alone():
    rows = {"model": {"half": Cell(1.0, 0.25, 4), "view": Cell(1.0)}}
    assert cells(means_table(rows, LOWER, method="mine"), "mine") == ["1.00 ± 0.25", "1.00"]


def test_class_table_has_the_classes_of_one_metric():
    rows = {"model": {"half": Cell(1.0), "half/chair": Cell(2.0), "half/table": Cell(0.5), "view/chair": Cell(9.0)}}
    table = class_table(rows, "half", LOWER, method="mine", published=None)
    assert re.findall(r'<th scope="col">(.*?)</th>', table) == ["", "chair", "table"]
    assert cells(table, "mine") == ["2.00", "0.50"]
    assert class_table(rows, "rand_30", LOWER, method="mine", published=None) == ""


def test_protocol_that_measured_nothing_has_no_table():
    assert means_table({}, LOWER, method="mine") == ""


def test_names_from_files_are_escaped():
    rows = {"<script>": {"<b>": Cell(1.0)}}
    table = means_table(rows, LOWER, method="<i>")
    assert "<script>" not in table
    assert "<b>" not in table


@pytest.mark.parametrize(
    "rows", [None, 3, [], {"model": 3}, {"model": {"half": "1"}}, {"model": {"half": {"mean": None}}}]
)
def test_scores_that_are_no_numbers_are_left_out(rows):
    assert not any(read_rows({"rows": rows}).values())
