"""A run of words on generated text: what it gives away, and what it is asked."""

import json

import numpy as np
import pytest

from lessup import verbs
from lessup.cli import main
from lessup.errors import DataError, UsageError
from lessup.features import load as load_features
from lessup.formats import word_vectors

TOPICS = (("sea", "ship", "sail", "wave"), ("king", "queen", "crown", "throne"))


def lines(count, seed=0):
    rng = np.random.default_rng(seed)
    return "\n".join(" ".join(rng.choice([*TOPICS[line % 2], "the", "and"], 12)) for line in range(count))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("words")
    (root / "novel.txt").write_text(lines(600))
    (root / "questions.txt").write_text(": things\nsea ship king queen\nsea ship ham egg\n")
    (root / "pairs.tsv").write_text("sea\tship\t9\nsea\tking\t1\nking\tqueen\t9\nham\tegg\t5\n")
    config = {"dimension": 16, "threshold": 0.0, "window": 3}
    settings = verbs.settings(
        "skip-gram", str(root / "novel.txt"), config=config, training={"steps": 40, "batch_size": 4}
    )
    verbs.train(settings, root / "run")
    return root


@pytest.fixture
def known(folder):
    return verbs.load(folder / "run")[1].word_vectors()


@pytest.mark.parametrize("name", ["v.bin", "v.txt", "v.vec"])
def test_files_of_word2vec_come_back_as_they_were(folder, tmp_path, known, name):
    assert main(["encode", str(folder / "run"), "--out", str(tmp_path / name)]) == 0
    found = word_vectors.read(tmp_path / name)
    assert found.words == known.words
    assert (found.vectors == known.vectors).all()


def test_gensim_reads_them(folder, tmp_path, known):
    gensim = pytest.importorskip("gensim.models")
    verbs.encode(folder / "run", None, tmp_path / "v.bin")
    found = gensim.KeyedVectors.load_word2vec_format(str(tmp_path / "v.bin"), binary=True)
    assert tuple(found.index_to_key) == known.words
    assert (found.vectors == known.vectors).all()


def test_words_are_the_samples_of_their_features(folder, tmp_path, known):
    found = load_features(verbs.encode(folder / "run", None, tmp_path / "words.npz"))
    assert tuple(found.id.tolist()) == known.words
    assert (found.x == known.vectors).all()
    assert (found.label == -1).all()


def test_other_endings_and_runs_without_words_are_refused(folder, tmp_path):
    with pytest.raises(UsageError, match=r"as .npz, .bin, .txt or .vec"):
        verbs.encode(folder / "run", None, tmp_path / "words.csv")
    settings = verbs.settings("voxel-unet", "furniture", training={"steps": 1, "batch_size": 2})
    verbs.train(settings, tmp_path / "shapes")
    with pytest.raises(UsageError, match="holds no words: --data says"):
        verbs.encode(tmp_path / "shapes", None, tmp_path / "words.npz")


def test_a_new_text_is_read_in_the_words_of_the_run(folder, tmp_path, known):
    (tmp_path / "letter.txt").write_text("Sea, sea and ham! The ship.")
    found = load_features(verbs.encode(folder / "run", str(tmp_path / "letter.txt"), tmp_path / "text.npz"))
    words = [known.vectors[known.place[word]] for word in ("sea", "sea", "and", "the", "ship")]
    np.testing.assert_allclose(found.x, np.mean(words, axis=0)[None], rtol=1e-5)
    own = load_features(verbs.encode(folder / "run", str(folder / "novel.txt"), tmp_path / "own.npz"))
    assert len(own.x) == 8  # 600 lines of 12 words and an end each, by thousands


def test_a_text_of_other_words_is_refused(folder, tmp_path):
    (tmp_path / "letter.txt").write_text("ham egg ham egg")
    with pytest.raises(DataError, match="none of the 2 words of the texts, such as 'egg', is among the 10"):
        verbs.encode(folder / "run", str(tmp_path / "letter.txt"), tmp_path / "text.npz")


def test_words_that_stand_together_are_near_each_other(folder, capsys):
    assert main(["neighbors", str(folder / "run"), "--query", "sea", "king", "--count", "3", "--json"]) == 0
    for asked, topic in zip(json.loads(capsys.readouterr().out)["queries"], TOPICS, strict=True):
        assert asked["query"] == topic[0]
        assert {near["name"] for near in asked["neighbors"]} == set(topic[1:])


def test_a_word_that_is_not_known_names_the_nearest(folder):
    with pytest.raises(UsageError, match="'sear' is none of the 10 words of the run: did you mean sea"):
        verbs.neighbors(folder / "run", None, ["sear"])
    with pytest.raises(UsageError, match="words have no picture"):
        verbs.neighbors(folder / "run", None, ["sea"], out="sheet.png")


def test_protocols_ask_the_run_and_the_report_shows_them(folder, capsys):
    run = str(folder / "run")
    assert main(["evaluate", run, "--protocol", "analogies", "--questions", str(folder / "questions.txt")]) == 0
    assert "asked: 1 of 2 semantic questions" in capsys.readouterr().out
    assert main(["evaluate", run, "--protocol", "word-similarity", "--pairs", str(folder / "pairs.tsv")]) == 0
    assert "asked: 3 of 4 pairs" in capsys.readouterr().out
    (folder / "held_out.txt").write_text(lines(40, seed=1))
    held_out = str(folder / "held_out.txt")
    assert main(["evaluate", run, "--protocol", "pretext", "--data", held_out]) == 0
    rows = json.loads((folder / "run" / "scores" / "pretext.json").read_text())["rows"]
    assert rows["model"]["loss"]["mean"] < rows["random"]["loss"]["mean"]
    assert main(["report", run, "--out", str(folder / "report.html")]) == 0
    page = (folder / "report.html").read_text()
    assert "Analogies of words" in page
    assert "Words that are alike" in page
    assert "skip-gram" in page
