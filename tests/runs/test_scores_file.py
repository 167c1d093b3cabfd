import json

import pytest

from lessup.errors import RunError
from lessup.runs.scores_file import aside, make_way, read_all

FIRST, SECOND = ({"settings": {"k": k}, "data": "a", "fingerprint": "3fa9", "part": "all samples"} for k in (1, 5))


@pytest.fixture
def files(tmp_path):
    """Scores and figures of the first way of measuring."""
    scores, figures = tmp_path / "scores" / "knn.json", tmp_path / "figures" / "knn.npz"
    for file in (scores, figures):
        file.parent.mkdir()
    scores.write_text(json.dumps(FIRST))
    figures.write_bytes(b"figures")
    return scores, figures


def test_files_stay_where_the_new_scores_replace_them(files):
    make_way(*files, FIRST)
    assert all(file.is_file() for file in files)


def test_scores_without_figures_move_alone(files):
    scores, figures = files
    figures.unlink()
    make_way(scores, figures, SECOND)
    assert not scores.exists()
    assert [one["settings"] for one in read_all(scores.parent)["knn"]] == [{"k": 1}]
    assert not list(figures.parent.iterdir())


def test_protocols_of_which_one_name_begins_with_another_are_told_apart(files):
    scores, _ = files
    (scores.parent / "knn-large.json").write_text(json.dumps(SECOND))
    aside(scores, "ffffffff").write_text(json.dumps(SECOND))
    assert {name: len(several) for name, several in read_all(scores.parent).items()} == {"knn": 2, "knn-large": 1}


def test_damaged_scores_are_named(files):
    files[0].write_text("[1]")
    with pytest.raises(RunError, match=r"knn\.json is damaged"):
        read_all(files[0].parent)
