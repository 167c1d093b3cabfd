from importlib import util

import pytest

from lessup.errors import DataError, MissingExtraError
from lessup.formats.word_tests import BROUGHT, WordPair, read_analogies, read_word_pairs


def test_analogies_come_in_sections(tmp_path):
    path = tmp_path / "questions.txt"
    path.write_text(": family\nman woman king queen\n\n: gram1-tense\ngo went do did\nsee saw go went\n: empty\n")
    family, tense = read_analogies(str(path))
    assert (family.section, family.questions) == ("family", (("man", "woman", "king", "queen"),))
    assert not family.syntactic
    assert tense.syntactic
    assert len(tense.questions) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("man woman king queen", "line 1 is 'man woman king queen'; wanted four words, below"),
        (": family\nman woman king", "line 2 is 'man woman king'; wanted four words"),
        (": family\n", "asks nothing"),
        (b": family\ncaf\xe9 a b c", "not text in UTF-8"),
    ],
)
def test_files_that_ask_no_analogies_are_refused(content, message, tmp_path):
    path = tmp_path / "questions.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=message):
        read_analogies(str(path))


@pytest.mark.parametrize("mark", ["\t", ",", ";", " "])
def test_pairs_of_words_are_parted_in_any_usual_way(mark, tmp_path):
    path = tmp_path / "pairs.txt"
    lines = ["# a remark", mark.join(["first", "second", "mean"]), mark.join(["tiger", "cat", "7.35"])]
    path.write_text("\n".join([*lines, mark.join(["tea", "cup", "1"])]))
    assert read_word_pairs(str(path)) == (WordPair("tiger", "cat", 7.35), WordPair("tea", "cup", 1.0))


@pytest.mark.parametrize(
    ("content", "message"),
    [("a\tb\t1\na\tb\tmuch\n", "line 2 is .* wanted two words and a number"), ("a\tb\t1\n", "1 pairs")],
)
def test_files_without_pairs_of_words_are_refused(content, message, tmp_path):
    (tmp_path / "pairs.tsv").write_text(content)
    with pytest.raises(DataError, match=message):
        read_word_pairs(str(tmp_path / "pairs.tsv"))


def test_what_gensim_brings_has_the_published_size(monkeypatch):
    if util.find_spec("gensim") is None:
        pytest.skip("gensim is not installed")
    sections = read_analogies("questions-words")
    assert sum(len(section.questions) for section in sections) == 19_544
    assert [section.syntactic for section in sections] == [False] * 5 + [True] * 9
    assert len(read_word_pairs("wordsim353")) == 353
    assert len(read_word_pairs("simlex999")) == 999


def test_a_file_that_is_not_there_names_those_that_could_be(monkeypatch):
    with pytest.raises(DataError, match=", ".join(BROUGHT)):
        read_word_pairs("nothing.tsv")
    monkeypatch.setattr(util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="comes with gensim: pip install"):
        read_analogies("questions-words")
