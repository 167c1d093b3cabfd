import numpy as np
import pytest

from lessup.errors import DataError
from lessup.samples.label_table import label_table, named_in

IDS = np.array(["a.png", "b.png", "c.png"])


def table(tmp_path, text, name="labels.csv"):
    (tmp_path / name).write_text(text)
    return tmp_path / name


def test_a_written_table_is_read_again(tmp_path):
    (tmp_path / "labels.csv").write_bytes(label_table(["c.png", "a.png"], ["cat, large", "dog"]))
    assert named_in(tmp_path / "labels.csv", IDS).tolist() == ["dog", "-1", "cat, large"]


def test_columns_may_have_other_names_and_empty_labels_are_not_known(tmp_path):
    found = named_in(table(tmp_path, "Class\tFile\ncat\tb.png\n\ta.png\n", "labels.tsv"), IDS)
    assert found.tolist() == ["-1", "cat", "-1"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "image,label\na.png,cat\nb.png,dog\na.png,dog\n",
            "lines 2 and 4 both name a.png, once as cat and once as dog",
        ),
        ("image,label\na.pgn,cat\n", "line 2 names 'a.pgn', none of 3 samples: did you mean 'a.png'"),
        ("image,kind\na.png,cat\n", "has the columns image, kind; wanted image and label"),
        ("", "has the columns none"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, text, told):
    with pytest.raises(DataError, match=told):
        named_in(table(tmp_path, text), IDS)


def test_a_table_that_is_not_there_is_named(tmp_path):
    with pytest.raises(DataError, match=r"no table at .*none.csv"):
        named_in(tmp_path / "none.csv", IDS)
