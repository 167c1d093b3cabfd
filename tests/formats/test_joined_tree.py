import zipfile

import pytest

from lessup.errors import DataError
from lessup.formats.file_tree import open_tree
from lessup.formats.joined_tree import JoinedTree


@pytest.fixture
def joined(tmp_path):
    for name in ("a", "b"):
        with zipfile.ZipFile(tmp_path / f"{name}.zip", "w") as file:
            file.writestr("top/1.txt", f"one of {name}")
    return JoinedTree(tmp_path, {name: open_tree(tmp_path / f"{name}.zip") for name in ("b", "a")})


def test_files_of_all_trees_lie_below_their_names(joined):
    assert joined.names() == ("a/top/1.txt", "b/top/1.txt")
    assert joined.read("b/top/1.txt") == b"one of b"
    assert joined.open("a/top/1.txt").read() == b"one of a"
    assert joined.is_current()


def test_what_is_not_there_is_said(joined):
    for name in ("c/top/1.txt", "a/top/2.txt"):
        with pytest.raises(DataError, match="no such file"):
            joined.read(name)


def test_stamp_changes_with_one_archive(joined, tmp_path):
    before = joined.stamp(joined.names())
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as file:
        file.writestr("top/1.txt", "another text")
    again = JoinedTree(tmp_path, {name: open_tree(tmp_path / f"{name}.zip") for name in ("b", "a")})
    assert again.stamp(again.names()) != before
