"""The report of masks from tags shows what every stage made of a handful of images."""

import re

import numpy as np
import pytest

from lessup.errors import DataError, RunError
from lessup.report import write
from lessup.report.from_tags import from_tags_section, stage_strips
from lessup.runs import Run, figures_file
from lessup.runs.files import write_json
from lessup.runs.within import FIGURES, RECORD, FromTags, around, opened


def figures(**changed):
    rng = np.random.default_rng(0)
    labels = {f"example_{name}": rng.integers(0, 3, (2, 6, 8)).astype(np.uint8) for name in ("seeds", "guide", "mask")}
    heat = {f"example_{name}": rng.integers(0, 256, (2, 6, 8), np.uint8) for name in ("class_map", "saliency")}
    found = {
        "classes": np.array(["background", "cat", "<dog>"]),
        "image_id": np.array(["a.jpg", "b.jpg"]),
        "image_tags": np.array(["cat, <dog>", "cat"]),
        "example_extent": np.array([[6, 8], [5, 4]]),
        "example_image": rng.integers(0, 256, (2, 6, 8, 3), np.uint8),
    }
    return found | labels | heat | changed


RECORD_OF = {
    "data": "photos",
    "tags": "",
    "images": 2,
    "settings": {"saliency": "contrast", "guide": "g2", "rounds": 1, "crf": True, "threshold": 0.0},
    "notes": ["every image has <cat>: nothing can be learnt of it"],
    "threshold": 0.35,
    "segmenter": "stages/segmenter-abc",
    "classes": {
        "background": {"images": 2, "share": 0.5},
        "cat": {"tagged": 2, "alone": 1, "images": 2, "share": 0.25},
        "<dog>": {"tagged": 1, "alone": 0, "images": 1, "share": 0.25},
    },
    "command": "lessup segment --data photos",
}


@pytest.fixture
def weak(tmp_path):
    """What `lessup segment` leaves, as far as the report reads it."""
    folder = tmp_path / "weak"
    run = Run.create(folder / RECORD_OF["segmenter"])
    run.write_config({"lessup": "0.1.0", "method": "deeplab", "config": {}, "training": {}, "data": {"path": "photos"}})
    write_json(folder / RECORD, RECORD_OF)
    figures_file.write(folder / FIGURES, figures())
    return folder


def test_a_strip_an_image_shows_every_stage_in_order():
    text = stage_strips(figures())
    captions = re.findall("<figcaption>(.*?)</figcaption>", text)
    stages = ["class map", "seeds", "saliency", "guide label", "mask of the segmenter"]
    assert captions == ["cat, &lt;dog&gt;", *stages, "cat", *stages]
    assert "&lt;dog&gt;</span>" in text
    assert "background</span>" not in text


def test_truth_is_shown_where_it_is_known():
    truth = np.ones((2, 6, 8), np.uint8)
    truth[1] = 255
    text = stage_strips(figures(example_truth=truth))
    assert text.count("<figcaption>truth</figcaption>") == 1


def test_without_pictures_there_is_nothing():
    assert stage_strips({}) == ""


def test_stages_that_were_not_run_are_left_out():
    bare = {key: value for key, value in figures().items() if not re.search("seeds|class_map|saliency", key)}
    assert re.findall("<figcaption>(.*?)</figcaption>", stage_strips(bare))[1:3] == [
        "guide label",
        "mask of the segmenter",
    ]


@pytest.mark.parametrize(
    "changed",
    [
        {"example_image": np.zeros((2, 6, 8, 3))},
        {"example_guide": np.zeros((2, 6, 7), np.uint8)},
        {"example_guide": np.full((2, 6, 8), 3, np.uint8)},
        {"example_guide": np.zeros((2, 6, 8))},
        {"example_extent": np.array([[6, 8], [7, 4]])},
        {"example_extent": np.array([[6.0, 8.0], [5.0, 4.0]])},
        {"image_tags": np.array(["cat"])},
    ],
)
def test_figures_that_do_not_fit_are_refused(changed):
    with pytest.raises(DataError, match="figure"):
        stage_strips(figures(**changed))


def test_report_of_the_folder_says_threshold_notes_and_tags(weak, tmp_path):
    text = write([opened(weak)], tmp_path / "report.html").read_text()
    assert "Report of the run weak" in text
    assert '<h2 id="from-tags">' in text
    assert "from a confidence of 0.35 on, chosen without masks" in text
    assert "every image has &lt;cat&gt;: nothing can be learnt of it" in text
    row = re.search(r"<tr><th>cat</th>(.*?)</tr>", text)[1]
    assert re.findall("<td>(.*?)</td>", row) == ["2", "1", "2", "25.0"]
    assert text.count("<figcaption>mask of the segmenter<") == 2


def test_several_folders_are_told_apart_by_their_own_names(weak, tmp_path):
    (weak.parent / "other").mkdir()
    weak.rename(weak.parent / "other" / "second")
    second = opened(weak.parent / "other" / "second")
    text = write([second, second], tmp_path / "report.html").read_text()
    assert "second: deeplab" in text
    assert 'id="run-1-from-tags"' in text


def test_a_threshold_that_was_given_is_not_said_to_be_chosen(weak):
    given = RECORD_OF | {"settings": RECORD_OF["settings"] | {"threshold": 0.35}}
    assert "chosen without masks" not in from_tags_section(FromTags(weak, given)).body
    assert "none looked for" in from_tags_section(FromTags(weak, RECORD_OF | {"threshold": None})).body


def test_folders_of_an_older_version_have_no_pictures_and_damaged_ones_are_named(weak):
    (weak / FIGURES).unlink()
    assert "<img" not in from_tags_section(FromTags(weak, RECORD_OF)).body
    with pytest.raises(RunError, match="weak"):
        from_tags_section(FromTags(weak, RECORD_OF | {"classes": {"cat": {"share": None}}}))


def test_a_run_is_within_the_folder_that_names_it_alone(weak):
    run = opened(weak)
    assert around(run).path == weak
    assert around(Run(weak)) is None
    write_json(weak / RECORD, RECORD_OF | {"segmenter": "stages/segmenter-other"})
    assert around(run) is None
