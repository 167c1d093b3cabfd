"""Captions, from files written by hand."""

import json
import zipfile
from pathlib import Path

import pytest

from lessup.errors import DataError
from lessup.formats.captions import matched, read_captions

COCO = {
    "images": [{"id": 7, "file_name": "a.jpg"}, {"id": 9, "file_name": "b.jpg"}],
    "annotations": [
        {"image_id": 9, "caption": "A dog."},
        {"image_id": 7, "caption": "A cat."},
        {"image_id": 9, "caption": "A dog runs."},
    ],
}


def test_captions_of_an_archive_are_put_together_by_image(tmp_path: Path) -> None:
    more = {"images": [{"id": 7, "file_name": "c.jpg"}], "annotations": [{"image_id": 7, "caption": "A bus."}]}
    with zipfile.ZipFile(tmp_path / "coco.zip", "w") as archive:
        archive.writestr("coco/annotations/captions_train2017.json", json.dumps(COCO))
        archive.writestr("coco/annotations/captions_val2017.json", json.dumps(more))
        archive.writestr("coco/annotations/instances_val2017.json", "{}")
    found = read_captions(tmp_path / "coco.zip")
    assert found == {"b.jpg": ("A dog.", "A dog runs."), "a.jpg": ("A cat.",), "c.jpg": ("A bus.",)}


def test_table_has_a_line_a_sentence(tmp_path: Path) -> None:
    table = tmp_path / "captions.csv"
    table.write_text('Image,Caption\n./x/a.jpg,"a cat, asleep"\nx/a.jpg,two cats\n\n')
    assert read_captions(table) == {"x/a.jpg": ("a cat, asleep", "two cats")}


def test_last_name_is_enough_where_it_is_unique() -> None:
    captions = {"a.jpg": ("one",), "x/b.jpg": ("two",), "b.jpg": ("which?",)}
    assert matched(captions, ["x/a.jpg", "x/b.jpg", "y/b.jpg"]) == [("one",), ("two",), ()]


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("captions.json", "{}", "not what COCO's captions are: KeyError"),
        ("captions.json", "no json", "not what COCO's captions are"),
        ("captions.csv", "image,words\n", "has the columns image, words; wanted image and caption"),
        ("captions.csv", "", "has the columns none"),
        ("captions.txt", "a cat", "no captions at"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        read_captions(tmp_path / name)


def test_folder_without_captions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no captions\*.json"):
        read_captions(tmp_path)
