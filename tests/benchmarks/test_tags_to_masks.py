"""Rows from tags to masks on a few generated images with a tiny network."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[2]
MODULES = ("tags_to_masks", "mask_sheet", "record")


@pytest.fixture
def script(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    monkeypatch.syspath_prepend(ROOT / "tests" / "verbs")  # tagged_folder is imported by name
    import record
    import tags_to_masks

    monkeypatch.setattr(record, "ROOT", tmp_path)
    monkeypatch.setattr(record, "RESULTS", tmp_path / "results")
    yield tags_to_masks
    for name in MODULES:
        sys.modules.pop(name)


def run(script, monkeypatch, data, *words):
    small = ["--backbone", "alexnet-small", "--weights", "", "--seeder-steps", "2", "--segmenter-steps", "1"]
    monkeypatch.setattr(sys, "argv", ["tags_to_masks.py", "--data", str(data), "--out", "masks-try", *small, *words])
    script.main()
    return json.loads((data.parent / "results" / "masks-try.json").read_text())


@pytest.mark.slow
def test_every_row_is_measured_once_and_a_stopped_run_goes_on(script, monkeypatch, tmp_path, capsys):
    from tagged_folder import lay_out

    data = lay_out(tmp_path / "things", masks=True)
    first = run(script, monkeypatch, data, "--seeds", "0", "--rows", "seeds", "full")
    assert list(first["seeds"]["0"]["rows"]) == ["seeds", "full"]
    assert first["table"]["full"]["fs"] == {"mean": 100.0, "std": 0.0, "n": 1}
    capsys.readouterr()

    every = run(script, monkeypatch, data, "--seeds", "0", "1")
    assert [*every["seeds"]] == ["0", "1"]
    assert set(every["seeds"]["0"]["rows"]) == {"seeds", "saliency", "g0", "g1", "contrast", "g2", "oracle", "full"}
    assert every["seeds"]["0"]["rows"]["seeds"] == first["seeds"]["0"]["rows"]["seeds"]
    said = capsys.readouterr().out
    assert "seed 0, g2: segmenter" in said
    assert "seed 0, full: segmenter" not in said
    scores = [every["seeds"][seed]["rows"]["g2"]["model"]["mean_iou"] for seed in "01"]
    assert every["table"]["g2"]["mean_iou"]["mean"] == pytest.approx(np.mean(scores))
    assert every["table"]["g2"]["fs"]["n"] == every["table"]["background"]["mean_iou"]["n"] == 2
    assert every["seeds"]["0"]["guides"]["full"]["mean_iou"] == 100, "true masks are labels without an error"
    grid = every["seeds"]["0"]["threshold"]["g2"]
    assert grid["best_mean_iou"] == max(grid["by_threshold"].values()) >= grid["chosen_mean_iou"]
    with Image.open(tmp_path / "results" / "masks-try.png") as sheet:
        assert sheet.width == 12 * 108, "image, truth, seeds, G2 and eight rows"

    run(script, monkeypatch, data, "--seeds", "0", "1")
    assert "segmenter" not in capsys.readouterr().out


def test_results_of_other_settings_are_not_mixed(script, monkeypatch, tmp_path):
    from tagged_folder import lay_out

    data = lay_out(tmp_path / "things", masks=True)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "masks-try.json").write_text('{"settings": {"seeder_steps": 7}}')
    with pytest.raises(SystemExit, match="pass another --out"):
        run(script, monkeypatch, data)


def test_seeds_side_by_side_get_the_same_settings_and_failed_ones_are_named(script, monkeypatch, tmp_path):
    started = []

    class Started:
        def __init__(self, words, stderr):
            self.args = words
            started.append(words)

        def wait(self):
            return int(self.args[-1] == "4")

    monkeypatch.setattr(script.subprocess, "Popen", Started)
    monkeypatch.setattr(sys, "argv", ["", "--data", "d", "--out", "o", "--seeds", "3", "4", "5", "--jobs", "2"])
    asked = script.arguments()
    with pytest.raises(SystemExit, match="seeds 4 failed"):
        script.side_by_side(asked, asked.seeds)
    assert [words[-1] for words in started] == ["3", "4"], "two at once, and no more once one failed"
    monkeypatch.setattr(sys, "argv", started[1][1:])
    own = script.arguments()
    assert script.settings(own) == script.settings(asked)
    assert (own.rows, own.seeds, own.sheet, own.jobs) == (asked.rows, [4], 3, 1)


def test_contact_sheet_gives_up_colours_until_it_is_small_enough(script, tmp_path):
    import mask_sheet

    lines = [[np.random.default_rng(place).integers(0, 255, (90, 60, 3), np.uint8) for place in range(3)]] * 4
    mask_sheet.write(tmp_path / "large.png", lines)
    size = (tmp_path / "large.png").stat().st_size
    mask_sheet.write(tmp_path / "small.png", lines, largest=round(0.7 * size))
    assert (tmp_path / "small.png").stat().st_size <= 0.7 * size
    with Image.open(tmp_path / "small.png") as sheet:
        assert sheet.size == (3 * 108, 4 * 162)
