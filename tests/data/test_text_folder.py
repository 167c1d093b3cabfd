"""Texts become places in a vocabulary, and nothing is lost but what is said."""

import tarfile
from collections import Counter

import numpy as np
import pytest

from lessup import data as sources
from lessup.doctor import examine, render
from lessup.errors import DataError, UsageError
from lessup.samples import Reading, vocabulary
from lessup.samples.texts import END

NOVELS = {
    "tales/a.txt": "The cat sat.\nThe dog sat too.\n\nThe end.\n",
    "tales/b.txt": "A dog, a cat, a dog.\n",
    "laws/c.txt": "The law is the law.\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in NOVELS.items():
        path = tmp_path / "novels" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "novels"


def load(path, **settings):
    return sources.load(str(path), Reading(**({"min_count": 2} | settings)))


def said(texts, index):
    return [texts.vocabulary.words[place] if place >= 0 else "." for place in texts.piece(index).tolist()]


def test_words_are_numbered_by_how_often_they_occur(folder):
    texts = load(folder)
    plain = Counter(word for text in NOVELS.values() for word in text.lower().replace(",", "").replace(".", "").split())
    kept = {word: count for word, count in plain.items() if count >= 2}
    assert dict(zip(texts.vocabulary.words, texts.vocabulary.counts.tolist(), strict=True)) == kept
    assert texts.vocabulary.counts.tolist() == sorted(kept.values(), reverse=True)
    assert texts.vocabulary.num_tokens == sum(plain.values())
    assert texts.vocabulary.num_rare == len(plain) - len(kept)


def test_pieces_hold_the_sentences_of_their_file(folder):
    texts = load(folder)
    assert texts.id.tolist() == ["laws/c.txt#0", "tales/a.txt#0", "tales/b.txt#0"]
    assert texts.classes == ("laws", "tales")
    assert said(texts, 0) == ["the", "law", "the", "law", "."]
    assert said(texts, 1) == ["the", "cat", "sat", "the", "dog", "sat", ".", "the", "."]
    lines = load(folder, sentences="lines")
    assert said(lines, 1) == ["the", "cat", "sat", ".", "the", "dog", "sat", ".", "the", "."]


def test_a_batch_is_padded_with_ends(folder):
    texts = load(folder)
    tokens = texts.batch([0, 1])["tokens"]
    assert tokens.shape == (2, 9)
    assert (tokens[0, 5:] == END).all()
    assert tokens[1].tolist() == texts.piece(1).tolist()


def test_long_texts_are_cut_into_pieces_that_together_are_the_whole(tmp_path):
    words = np.random.default_rng(0).integers(0, 50, 5300)
    (tmp_path / "long.txt").write_text(" ".join(f"w{word}" for word in words))
    texts = load(tmp_path / "long.txt")
    assert texts.length.tolist() == [1000] * 5 + [301]
    assert texts.group.tolist() == [0] * 6
    whole = [word for index in range(6) for word in said(texts, index)]
    assert whole == [*(f"w{word}" for word in words), "."]


def test_an_archive_and_a_second_reading_give_the_same(folder, tmp_path):
    with tarfile.open(tmp_path / "novels.tar.xz", "w:xz") as archive:
        archive.add(folder, "novels")
    first, second = load(folder), load(folder)
    packed = load(tmp_path / "novels.tar.xz")
    for other in (second, packed):
        assert other.vocabulary.words == first.vocabulary.words
        assert [said(other, index) for index in range(3)] == [said(first, index) for index in range(3)]


def test_a_text_that_is_not_utf8_is_left_out_and_named(folder):
    (folder / "tales" / "z.txt").write_bytes(b"caf\xe9 noir")
    (folder / "tales" / "empty.txt").write_text("")
    texts = load(folder)
    reasons = {damage.name: damage.reason for damage in texts.damage}
    assert "not text in UTF-8" in reasons["tales/z.txt"]
    assert reasons["tales/empty.txt"] == "no words"
    assert len(texts) == 3


@pytest.mark.parametrize(
    ("content", "settings", "error", "message"),
    [
        ("word", {}, DataError, "1 different words, of which 0 occur 2 times or more"),
        ("one two three", {"min_count": 5}, DataError, "3 different words, of which 0 occur 5 times or more"),
        ("", {}, DataError, "none of the 1 texts"),
        ("one two", {"min_count": 0}, UsageError, "--min-count 0: wanted 1 or more"),
    ],
)
def test_too_little_text_is_refused(tmp_path, content, settings, error, message):
    (tmp_path / "a.txt").write_text(content)
    with pytest.raises(error, match=message):
        load(tmp_path / "a.txt", **settings)


def test_when_there_are_too_many_words_the_rarest_are_forgotten(monkeypatch):
    monkeypatch.setattr(vocabulary, "MOST_WORDS", 5)
    count = vocabulary.Count()
    count.add([["a"] * 9 + ["b"] * 9, list("cdefg"), ["a", "b"]])
    assert count.vocabulary(1).words == ("a", "b")
    assert count.num_tokens == 25


def test_the_doctor_counts_words(folder):
    diagnosis = examine(folder, Reading(min_count=2))
    page = render(diagnosis)
    assert "text-folder, 3 texts in 3 pieces" in page
    assert "words: 20, of which 17 are of the 6 that are kept" in page
