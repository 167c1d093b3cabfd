import io
import json
import re

import pytest
from rich.console import Console

from lessup.errors import UsageError
from lessup.report.transfer_table import Column, Cost, Row, TransferTable, Value, Wording
from lessup.report.transfer_writers import html, markdown, sentences, terminal, to_json, write

COLUMNS = (
    Column("knn --k 5", "accuracy", "knn --k 5", "accuracy", False),
    Column("inpainting", "l1", "inpainting", "absolute error, %", True),
)


def row(name, kind, accuracy, error=None, **more):
    values = {"knn --k 5": {"accuracy": accuracy}}
    return Row(name, name, kind, values | ({"inpainting": {"l1": error}} if error else {}), **more)


@pytest.fixture
def table():
    cost = Cost(12.34, 1234.5, 3_110_000, None, "2 threads of a processor")
    rows = (
        row("chance", "trivial", Value(10, 0, 1)),
        row("random initialisation", "untrained", Value(30, 2, 5), Value(9, 0, 1)),
        row("<one> [b]", "trained", Value(50.004, 1, 5, "better"), Value(7, 0, 1, "unknown"), cost=cost),
        row("two|2", "trained", Value(50, 1, 5, "within"), Value(6, 0, 1), cost=Cost(), runs=("r/a", "r/b")),
        row("supervised", "supervised", Value(20, 1, 5, "worse"), cost=Cost()),
    )
    return TransferTable("photos", COLUMNS, rows, ("3 of <photos> left out",))


def test_markdown_marks_what_is_best_among_the_trained_and_how_all_stand_against_random(table):
    lines = markdown(table).splitlines()
    assert lines[0].startswith("|  | knn --k 5: accuracy | inpainting: absolute error, % | minutes | samples/s |")
    assert lines[2] == "| chance | 10.00 | - |  |  |  |  |"
    assert lines[4] == "| <one> [b] | **50.00 ± 1.00 ▲** | 7.00 ? | 12.3 | 1,234 | 3.11 M | - |"
    assert lines[5] == "| two\\|2 (2 runs) | **50.00 ± 1.00 ≈** | **6.00** | - | - | - | - |"
    assert lines[6].startswith("| supervised | 20.00 ± 1.00 ▼ | - |")
    assert "- 3 of <photos> left out" in lines


def test_column_of_a_lone_protocol_goes_by_its_metric(table):
    alone = TransferTable("photos", COLUMNS[:1], table.rows)
    assert markdown(alone).startswith("|  | accuracy | minutes |")


def test_page_asks_for_nothing_outside_itself_and_shows_names_as_text(table):
    text = html(table)
    assert "<one>" not in text
    assert "&lt;one&gt; [b]" in text
    assert "3 of &lt;photos&gt; left out" in text
    assert len(text) < 50_000
    assert re.findall(r'(?:src|href)="(?!#|data:)', text) == []
    assert text.count('class="best"') == 3
    assert re.findall(r'<tr class="ours"><th scope="row">(.*?)</th>', text) == ["&lt;one&gt; [b]", "two|2 (2 runs)"]


def test_terminal_shows_every_row_as_it_is_named(table):
    console = Console(width=200, record=True, file=io.StringIO())
    console.print(terminal(table))
    shown = console.export_text()
    assert all(name in shown for name in ("<one> [b]", "two|2 (2 runs)", "supervised", "50.00 ± 1.00 ▲"))


def test_rule_stands_below_a_table_only_where_it_was_used(table):
    assert "root of the sum of their variances" in sentences(table)[0]
    plain = TransferTable("photos", COLUMNS, table.rows[:1])
    assert not any("variances" in sentence for sentence in sentences(plain))
    assert "2 threads of a processor" in " ".join(sentences(table))


def test_json_holds_all_that_was_measured(table, tmp_path):
    read = json.loads(write(table, tmp_path / "t.json").read_text())
    assert read["rows"][2]["values"]["knn --k 5"]["accuracy"] == {
        "mean": 50.004,
        "std": 1,
        "n": 5,
        "standing": "better",
    }
    assert read["rows"][2]["cost"]["parameters"] == 3_110_000
    assert read["columns"][1]["lower_is_better"] is True
    assert "variances" in read["rule"]


def test_format_goes_by_the_name_of_the_file(table, tmp_path):
    assert write(table, tmp_path / "t.md").read_text() == markdown(table)
    assert write(table, tmp_path / "t.HTML").read_text() == html(table)
    with pytest.raises(UsageError, match=r"ends in \.md, \.json, \.html"):
        write(table, tmp_path / "t.csv")


def test_summary_stands_above_and_wording_around_a_table(table):
    words = Wording(title="Few <labels>", costs=("seconds",), cost="cost", rule="so it is.", command="lessup advise")
    rows = (row("one", "trained", Value(50, 1, 5, "better"), cost=Cost(seconds=1.234)),)
    told = TransferTable("photos", COLUMNS[:1], rows, summary=("Take <one>.", "Or not."), wording=words)
    lines = markdown(told).splitlines()
    assert lines[0] == "Take <one>. Or not."
    assert lines[2] == "|  | accuracy | seconds |"
    assert lines[4] == "| one | 50.00 ± 1.00 ▲ | 1.23 |"  # the only trained row is no winner
    assert "- so it is." in lines
    text = html(told)
    assert text.index("Take &lt;one&gt;. Or not.") < text.index("<table")
    assert "Few &lt;labels&gt;" in text
    assert "Written by lessup advise." in text
    assert json.loads(to_json(told))["rule"] == "so it is."
