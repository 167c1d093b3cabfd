"""Words come the same however the file is cut into blocks."""

import io

import pytest

from lessup.errors import DataError
from lessup.formats import text_file
from lessup.formats.text_file import has_paragraphs, sentences

TEXT = "\ufeffOne two,\r\nTHREE über\n\n  \nfour-five\n\n\nsix\n"


@pytest.mark.parametrize("block", [1, 2, 3, 7, 1 << 20])
def test_lines_and_paragraphs_do_not_depend_on_the_blocks(block, monkeypatch):
    monkeypatch.setattr(text_file, "BLOCK", block)
    content = TEXT.encode()
    flat = [word for sentence in sentences(io.BytesIO(content)) for word in sentence]
    assert flat == ["one", "two", "three", "über", "four", "five", "six"]
    if block > 100:
        lines = [["one", "two"], ["three", "über"], ["four", "five"], ["six"]]
        assert list(sentences(io.BytesIO(content))) == lines
        paragraphs = [["one", "two", "three", "über"], ["four", "five"], ["six"]]
        assert list(sentences(io.BytesIO(content), paragraphs=True)) == paragraphs


def test_words_parted_at_blanks_keep_what_they_are_made_of():
    assert list(sentences(io.BytesIO(b"Mr. O'Neil_jr\n"), "blanks")) == [["Mr.", "O'Neil_jr"]]


def test_one_line_of_any_length_comes_in_parts_without_a_word_cut(monkeypatch):
    monkeypatch.setattr(text_file, "BLOCK", 100)
    text = " ".join(f"word{number}" for number in range(1000))
    parts = list(sentences(io.BytesIO(text.encode())))
    assert len(parts) > 10
    assert [word for part in parts for word in part] == text.split()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"caf\xe9 noir", "not text in UTF-8: .* near byte 3"),
        (b"a\0b", "holds bytes of 0"),
        (b"x" * 300_000, "no blank in 65536 characters"),
    ],
)
def test_what_is_no_text_is_refused(content, message, monkeypatch):
    monkeypatch.setattr(text_file, "BLOCK", 1000)
    with pytest.raises(DataError, match=message):
        list(sentences(io.BytesIO(content)))


def test_paragraphs_are_told_from_lines():
    assert has_paragraphs(io.BytesIO(b"one\ntwo\r\n\r\nthree"))
    assert not has_paragraphs(io.BytesIO(b"\n\none\ntwo\n\n"))
