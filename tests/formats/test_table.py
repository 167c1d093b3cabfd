"""Tables, from bytes written by hand."""

import pytest

from lessup.errors import DataError
from lessup.formats.table import column, table_rows


def test_tabs_part_the_cells_of_a_tsv_and_commas_those_of_any_other_file() -> None:
    content = "\ufeffa,b\tc\n\n".encode()
    assert table_rows(content, "x.TSV") == [["a,b", "c"], []]
    assert table_rows(content, "x.csv") == [["a", "b\tc"], []]


def test_bytes_that_are_no_text_are_refused_with_their_place() -> None:
    with pytest.raises(DataError, match=r"x\.csv is not text in UTF-8: .* at byte 2"):
        table_rows(b"a,\xff", "x.csv")


def test_column_goes_by_the_order_of_the_wanted_names() -> None:
    assert column(["file", " IMAGE", "label"], ("image", "file")) == 1
    assert column([], ("image",)) == -1
