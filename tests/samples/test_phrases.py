from collections import Counter
from itertools import pairwise

import pytest

from lessup import data
from lessup.errors import UsageError
from lessup.samples import Reading
from lessup.samples.phrases import PhraseCount, Phrases

TEXT = [
    ["new", "york", "is", "new"],
    ["in", "new", "york"],
    ["york", "new", "york", "times"],
    ["is", "it", "in", "york"],
]


def counted(sentences):
    count = PhraseCount.empty()
    count.add(sentences)
    return count


def test_scores_are_those_by_hand():
    found = dict(counted(TEXT).scores(min_count=1))
    # 15 words: new 4, york 5, is 2, in 2; "new york" 3, "york times" 1 and so on
    assert found["new york"] == pytest.approx((3 - 1) / (4 * 5) * 15)
    assert found["york times"] == 0
    assert dict(counted(TEXT).scores(1, "paper"))["new york"] == pytest.approx(2 / 20)
    assert set(dict(counted(TEXT).scores(2))) == {"new york"}


def test_scores_are_those_of_plain_loops_over_a_longer_text():
    words = [f"w{number * number % 37 % 7}" for number in range(400)]
    single, double = Counter(words), Counter(pairwise(words))
    wanted = {
        f"{a} {b}": (count - 3) / single[a] / single[b] * 400
        for (a, b), count in double.items()
        if min(count, single[a], single[b]) >= 3
    }
    assert dict(counted([words]).scores(3)) == pytest.approx(wanted)


def test_a_pair_must_be_above_the_threshold():
    assert counted(TEXT).phrases(1.5, 1).pairs == frozenset()
    assert counted(TEXT).phrases(1.49, 1).pairs == frozenset(["new york"])


def test_pairs_are_joined_from_left_to_right_and_once():
    phrases = Phrases(frozenset(["a a", "a b", "b c"]))
    assert phrases.joined(["a", "a", "a", "b", "c"]) == ["a_a", "a_b", "c"]
    assert phrases.joined(["b", "a", "b", "c"]) == ["b", "a_b", "c"]
    assert phrases.joined([]) == []


def test_a_text_is_numbered_in_its_phrases_pass_by_pass(tmp_path):
    # 25 words: the 4, new 4, york 4, times 3; each of the three pairs 3 times, so 3.125, 3.125 and 4.17
    # then 22 words: york_times 3; "the new" 2.75, "new york_times" 3.67
    lines = ["the new york times came", "a dog saw the new york times", "the dog came home", "the new york times"]
    (tmp_path / "paper.txt").write_text("\n".join([*lines, "new ideas", "york is old"]))
    plain = data.load(tmp_path / "paper.txt", Reading(min_count=1))
    once = data.load(tmp_path / "paper.txt", Reading(min_count=1, phrases=(3.5,)))
    twice = data.load(tmp_path / "paper.txt", Reading(min_count=1, phrases=(3.5, 3.0)))
    assert "york" in plain.vocabulary.words
    said = [[texts.vocabulary.words[at] for at in texts.piece(0) if at >= 0][:4] for texts in (plain, once, twice)]
    assert said[0] == ["the", "new", "york", "times"]
    assert said[1] == ["the", "new", "york_times", "came"]
    assert said[2][1] == "new_york_times"
    assert len({texts.fingerprint for texts in (plain, once, twice)}) == 3


def test_thresholds_below_0_are_refused(tmp_path):
    (tmp_path / "text.txt").write_text("a b " * 10)
    with pytest.raises(UsageError, match="--phrases -1: wanted thresholds of 0 or more"):
        data.load(tmp_path / "text.txt", Reading(phrases=(100.0, -1.0)))
