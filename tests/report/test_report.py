import re

import numpy as np
import pytest

from lessup.errors import RunError, UsageError
from lessup.report import write


def headings(text: str) -> list[str]:
    return [re.sub("<.*?>", "", found) for found in re.findall(r"<h[123][^>]*>(.*?)</h[123]>", text)]


def own_part(text: str) -> str:
    """The page without plotly's and its own script."""
    return re.sub(r"<script>.*?</script>", "", text, flags=re.DOTALL)


@pytest.fixture(scope="module")
def whole(make_run, tmp_path_factory):
    """The page of a run with everything."""
    folder = tmp_path_factory.mktemp("report")
    return write([make_run(folder / "unet")], folder / "report.html")


def text_of(runs, tmp_path):
    return own_part(write(runs, tmp_path / "report.html").read_text(encoding="utf-8"))


def test_page_of_one_run_has_its_facts_and_every_protocol(whole):
    text = own_part(whole.read_text(encoding="utf-8"))
    protocols = ["Shape repair", "Shape classification", "Shape retrieval", "Shape blending"]
    assert headings(text) == ["voxel-unet", "Run", *protocols, "Training"]
    for fact in (
        "lessup train voxel-unet --data volumes.npz",
        "torch 2.11.0",
        "abc1234",
        "training.steps",
        "240 samples",
    ):
        assert fact in text
    for number in ("10.66", "13.27", "8.08", "9.37", "10.96", "1.04", "2.06", "1.31", "2.00", "3.05", "7.67"):
        assert f">{number}<" in text
    assert "Training went wrong" not in text


def test_page_is_light_enough_to_send(whole):
    assert whole.stat().st_size < 12e6


def test_warnings_of_the_collapse_guard_stand_first_and_are_escaped(run, tmp_path):
    run.warn({"kind": "collapse", "step": 400, "message": "spread <0.01", "advice": "lower the learning rate"})
    text = text_of([run], tmp_path)
    assert "Step 400: spread &lt;0.01. Try this: lower the learning rate." in text
    assert text.index("Training went wrong") < text.index('id="shape-repair"')


def test_an_untrained_network_that_is_as_good_is_said_below_the_table(run, tmp_path):
    assert "An untrained network" not in text_of([run], tmp_path)
    rows = {row: {"map": {"mean": value, "std": 0, "n": 1}} for row, value in (("random", 31.0), ("model", 30.5))}
    run.write_scores("shape-retrieval", {"protocol": "shape-retrieval", "rows": rows}, {})
    assert "at least as well as voxel-unet here: all views 31 against 30.5" in text_of([run], tmp_path)


def test_notes_of_a_protocol_stand_beside_its_numbers(run, tmp_path):
    assert "a class called &lt;b&gt;bold&lt;/b&gt; &amp; others" in text_of([run], tmp_path)


def test_several_runs_are_compared_first(make_run, tmp_path):
    text = text_of([make_run(tmp_path / name, pictures=False) for name in ("one", "two")], tmp_path)
    found = headings(text)
    assert found[:2] == ["Comparison of runs", "Shape repair"]
    assert [title for title in found if ":" in title] == ["one: voxel-unet", "two: voxel-unet"]
    first = text[text.index('id="compare-shape-repair"') : text.index('id="run-1-run"')]
    names = re.findall(r'<tr[^>]*><th scope="row">(.*?)</th>', first)
    assert names == [
        *("unchanged", "empty grid", "3 x 3 x 3 closing"),
        *("one: voxel-unet", "two: voxel-unet"),
        *("CAE", "3DShapeNets", "VConv-DAE"),
    ]
    anchors = re.findall(r' id="(.*?)"', text)
    assert len(anchors) == len(set(anchors)) == 7


def test_rows_that_differ_between_runs_are_shown_for_each_of_them(make_run, tmp_path):
    runs = [make_run(tmp_path / name, pictures=False) for name in ("one", "two")]
    for run, value in zip(runs, (31.0, 32.0), strict=True):
        rows = {
            row: {"map": {"mean": mean, "std": 0, "n": 1}}
            for row, mean in {"chance": 10.0, "random": value, "model": 50.0}.items()
        }
        run.write_scores("shape-retrieval", {"protocol": "shape-retrieval", "data": "a.npz", "rows": rows}, {})
    text = text_of(runs, tmp_path)
    table = text[text.index('id="compare-shape-retrieval"') : text.index('id="run-1-run"')]
    assert re.findall(r'<tr[^>]*><th scope="row">(.*?)</th>', table) == [
        *("chance", "one: untrained network", "two: untrained network"),
        *("one: voxel-unet", "two: voxel-unet"),
    ]


def retrieval(value, **told):
    """Scores that say under what they were measured, one number among them."""
    return {
        "protocol": "shape-retrieval",
        "data": "photos",
        "fingerprint": "a" * 32,
        "part": "fold 0 of 4",
        "settings": {"layer": "", "k": [1, 5]},
        "rows": {"model": {"map": {"mean": value, "std": 0, "n": 1}}},
        **told,
    }


def compared(runs, tmp_path):
    """Warnings of the section that compares retrieval, and for each of its tables the line above it and its rows."""
    text = text_of(runs, tmp_path)
    section = text[text.index('id="compare-shape-retrieval"') : text.index('id="run-1-run"')]
    tables = [
        (re.findall(r"<p>([^<]*)</p>", before)[-1], re.findall(r'<tr[^>]*><th scope="row">(.*?)</th>', table))
        for before, table in re.findall(r"(.*?)<table>(.*?)</table>", section, re.DOTALL)
    ]
    return re.findall(r"<strong>(.*?)</strong><p>(.*?)</p>", section), tables


def test_scores_of_equal_settings_and_content_share_a_table_whatever_the_path(make_run, tmp_path):
    runs = [make_run(tmp_path / name, pictures=False) for name in ("one", "two")]
    runs[0].write_scores("shape-retrieval", retrieval(50.0), {})
    runs[1].write_scores("shape-retrieval", retrieval(51.0, data="elsewhere/photos/"), {})
    warnings, tables = compared(runs, tmp_path)
    assert not warnings
    assert [rows for _, rows in tables] == [["one: voxel-unet", "two: voxel-unet"]]


@pytest.mark.parametrize(
    ("told", "name", "line"),
    [
        ({"settings": {"layer": "", "k": [20]}}, "setting k", "k 20"),
        ({"fingerprint": "b" * 32}, "data", "data photos (content bbbbbbbb)"),
        ({"part": "fold 1 of 4"}, "measured part", "fold 1 of 4"),
    ],
)
def test_scores_measured_in_another_way_stand_apart_and_say_in_which(told, name, line, make_run, tmp_path):
    runs = [make_run(tmp_path / folder, pictures=False) for folder in ("one", "two", "three")]
    for run, more in zip(runs, (told, {}, {}), strict=True):
        run.write_scores("shape-retrieval", retrieval(50.0, **more), {})
    ((title, sentence),), tables = compared(runs, tmp_path)
    assert title == "Not comparable"
    assert f"measured in the same way ({name})." in sentence
    assert [rows for _, rows in tables] == [["two: voxel-unet", "three: voxel-unet"], ["one: voxel-unet"]]
    assert tables[1][0] == f"Measured with: {line}"


def test_scores_of_an_older_version_are_shown_as_measured_under_unknown_settings(make_run, tmp_path):
    runs = [make_run(tmp_path / name, pictures=False) for name in ("one", "two")]
    old = {key: retrieval(50.0)[key] for key in ("protocol", "data", "rows")}
    for run, data in zip(runs, ("photos", "photos/"), strict=True):
        run.write_scores("shape-retrieval", {**old, "data": data}, {})
    ((title, sentence),), tables = compared(runs, tmp_path)
    assert title == "Perhaps not comparable"
    assert sentence.startswith("Not known under what settings, data photos: measure again")
    assert [rows for _, rows in tables] == [["one: voxel-unet", "two: voxel-unet"]]
    runs[1].write_scores("shape-retrieval", retrieval(50.0), {})
    warnings, tables = compared(runs, tmp_path)
    assert "an older version" in warnings[0][1]
    assert [rows for _, rows in tables] == [["two: voxel-unet"], ["one: voxel-unet", "two: voxel-unet"]]


def test_what_a_run_was_measured_before_under_other_settings_is_folded_away_below(run, tmp_path):
    run.write_scores("shape-retrieval", retrieval(41.0), {})
    run.write_scores("shape-retrieval", retrieval(42.0, settings={"layer": "", "k": [20]}), {})
    text = text_of([run], tmp_path)
    assert "Measured before: k 1 5</summary>" in text
    assert text.index(">42.00<") < text.index("Measured before") < text.index(">41.00<")


def test_run_without_scores_or_metrics_still_has_a_page(run, tmp_path):
    (run.path / "scores" / "shape-repair.json").unlink()
    (run.path / "metrics.csv").unlink()
    assert headings(text_of([run], tmp_path)) == ["voxel-unet", "Run"]


def test_unknown_protocol_is_shown_by_its_table(run, tmp_path):
    run.write_scores("sound-retrieval", {"rows": {"model": {"map": {"mean": 12.34, "std": 0.0, "n": 1}}}}, {})
    text = text_of([run], tmp_path)
    assert "Sound retrieval" in headings(text)
    assert "12.34" in text


def test_damaged_figures_are_named_with_their_run(run, tmp_path):
    figures = {"side": np.array(30), "example_half_repaired": np.zeros((1, 3375), np.uint8)}
    run.write_scores("shape-repair", run.scores()["shape-repair"], figures)
    with pytest.raises(RunError, match="unet, shape-repair: figure"):
        write([run], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_no_run_is_refused(tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        write([], tmp_path / "report.html")
