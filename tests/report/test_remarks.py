from lessup.report.presentation import Presentation
from lessup.report.remarks import untrained_as_good
from lessup.report.tables import Cell

SHOWN = Presentation("New", lower_is_better={"error": True, "map": False}, columns={"map": "all views"})


def remark(random, model):
    return untrained_as_good({"random": random, "model": model}, SHOWN, method="mine")


def test_columns_where_an_untrained_network_is_as_good_are_named_with_both_values():
    said = remark({"error": Cell(2.0), "map": Cell(40.0)}, {"error": Cell(2.0), "map": Cell(39.25)})
    assert "as well as mine here: error 2 against 2, all views 40 against 39.25." in said


def test_nothing_is_said_where_the_trained_network_is_better():
    assert remark({"error": Cell(2.1), "map": Cell(40.0)}, {"error": Cell(2.0), "map": Cell(41.0)}) == ""


def test_nothing_is_said_of_classes_of_columns_without_a_better_way_and_without_an_untrained_row():
    assert remark({"map/chair": Cell(50.0), "size": Cell(1.0)}, {"map/chair": Cell(40.0), "size": Cell(1.0)}) == ""
    assert untrained_as_good({"model": {"map": Cell(1.0)}}, SHOWN, method="mine") == ""
