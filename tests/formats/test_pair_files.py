"""Tables of pairs and clips, written and read back, and those that are wrong."""

import pytest

from lessup.errors import DataError
from lessup.formats.pair_files import (
    ClipLine,
    PairLine,
    clips_table,
    pairs_table,
    parse_clips,
    parse_pairs,
    read_clip,
    write_clip,
)
from lessup.formats.table import table_rows

PAIR = PairLine('odd, "name".mp4', (10, 40), (1, 2, 3, 4, 5, 6, 7, 8), ("a.png", "b.png"))


def test_pairs_come_back_from_their_table():
    content = pairs_table([PAIR, PAIR])
    assert content.splitlines()[1] == b'"odd, ""name"".mp4",10,40,1,2,3,4,5,6,7,8,a.png,b.png'
    assert parse_pairs(table_rows(content, "pairs.csv"), "pairs.csv") == [PAIR, PAIR]


def test_clips_come_back_with_a_column_for_each_reason():
    clips = [ClipLine("a.mp4", 90, 2, "", {"lost": 3}), ClipLine("b.mp4", 0, 0, "the file is empty", {"cut": 1})]
    content = clips_table(clips)
    assert content.splitlines() == [
        b"clip,frames,pairs,problem,cut,lost",
        b"a.mp4,90,2,,0,3",
        b"b.mp4,0,0,the file is empty,1,0",
    ]
    found = parse_clips(table_rows(content, "clips.csv"), "clips.csv")
    assert found == [
        ClipLine("a.mp4", 90, 2, "", {"cut": 0, "lost": 3}),
        ClipLine("b.mp4", 0, 0, "the file is empty", {"cut": 1, "lost": 0}),
    ]


def test_record_of_a_clip_names_pictures_from_the_folder_above(tmp_path):
    (tmp_path / "7-odd").mkdir()
    line = ClipLine(PAIR.clip, 50, 1, "", {"lost": 1})
    write_clip(tmp_path / "7-odd", line, [PAIR])
    found, pairs = read_clip(tmp_path / "7-odd")
    assert found == line
    assert [pair.pictures for pair in pairs] == [("7-odd/a.png", "7-odd/b.png")]
    assert (pairs[0].clip, pairs[0].frames, pairs[0].boxes) == (PAIR.clip, PAIR.frames, PAIR.boxes)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"a,b", "pairs.csv, line 2: wanted 13 cells"),
        (b"a,0,x,1,2,3,4,5,6,7,8,a,b", "line 2: wanted whole numbers of frames and pixels"),
    ],
)
def test_wrong_line_is_named(line, said):
    content = pairs_table([]) + line
    with pytest.raises(DataError, match=said):
        parse_pairs(table_rows(content, "pairs.csv"), "pairs.csv")


def test_other_tables_are_refused():
    with pytest.raises(DataError, match=r"wanted a first line clip,first_frame,.*; found nothing"):
        parse_pairs([], "pairs.csv")
    with pytest.raises(DataError, match="found image,label"):
        parse_clips([["image", "label"]], "clips.csv")
    with pytest.raises(DataError, match=r"clips.csv, line 2: wanted whole numbers"):
        parse_clips([["clip", "frames", "pairs", "problem"], ["a", "b", "c", ""]], "clips.csv")
