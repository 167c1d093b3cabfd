import pytest

from lessup.errors import RunError
from lessup.runs import Run
from lessup.runs.within import RECORD, opened


def a_run(folder):
    run = Run.create(folder)
    run.write_config({"method": "deeplab", "lessup": "0"})
    return run


def test_run_folder_is_opened_as_it_is_and_that_of_a_segmenter_by_the_record_beside_it(tmp_path):
    run = a_run(tmp_path / "weak" / "stages" / "segmenter-1")
    (tmp_path / "weak" / RECORD).write_text('{"segmenter": "stages/segmenter-1"}')
    assert opened(run.path).path == run.path
    assert opened(tmp_path / "weak").path == run.path


def test_folder_whose_segmenter_is_not_trained_yet_says_how_to_go_on(tmp_path):
    (tmp_path / RECORD).write_text("{}")
    with pytest.raises(RunError, match="holds no segmenter yet: go on with"):
        opened(tmp_path)
