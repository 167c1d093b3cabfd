from lessup.report.transfer_table import Column, Row, TransferTable, Value


def table(lower_is_better, **means):
    kinds = {"chance": "trivial", "supervised": "supervised"}
    rows = [Row(key, key, kinds.get(key, "trained"), {"p": {"m": Value(mean, 0, 1)}}) for key, mean in means.items()]
    return TransferTable("", (Column("p", "m", "p", "m", lower_is_better),), tuple(rows))


def test_best_is_sought_among_the_trained_rows_alone():
    found = table(False, chance=99, one=50, two=60, supervised=80)
    assert found.best(found.columns[0]) == 60


def test_best_is_the_least_where_less_is_better():
    found = table(True, chance=1, one=50, two=60)
    assert found.best(found.columns[0]) == 50


def test_nothing_is_best_alone_or_where_no_way_is_better():
    lonely, undirected = table(False, chance=1, one=2), table(None, one=2, two=3)
    assert lonely.best(lonely.columns[0]) is None
    assert undirected.best(undirected.columns[0]) is None
