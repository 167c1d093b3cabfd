from lessup.runs.conditions import conditions, described, differing, key

SCORES = {
    "settings": {"images_per_class": 10, "layers": [], "references": True},
    "data": "photos",
    "fingerprint": "0123456789abcdef",
    "part": "fold 0 of 4",
    "samples": 12,
}


def test_scores_compare_by_settings_content_and_part_and_not_by_path_or_rows():
    assert key(SCORES) == key({**SCORES, "data": "elsewhere/photos/", "rows": {"model": {}}, "samples": 13})
    others = [
        {**SCORES, "settings": {**SCORES["settings"], "images_per_class": 30}},
        {**SCORES, "fingerprint": "f" * 16},
        {**SCORES, "part": "fold 1 of 4"},
    ]
    assert len({key(SCORES), *map(key, others)}) == 4
    assert [differing([SCORES, other]) for other in others] == [("images_per_class",), ("data",), ("part",)]


def test_scores_read_back_from_json_compare_with_those_in_memory():
    assert key({**SCORES, "settings": {"k": (1, 5)}}) == key({**SCORES, "settings": {"k": [1, 5]}})


def test_a_setting_that_one_of_two_versions_does_not_have_differs():
    assert differing([SCORES, {**SCORES, "settings": {"images_per_class": 10, "layers": []}}]) == ("references",)


def test_scores_without_settings_never_compare_with_those_that_have_some():
    old = {"data": "0123456789abcdef"}
    assert conditions(old) == {"data": "0123456789abcdef"}
    assert key(old) != key({"settings": {}, "data": "", "fingerprint": "0123456789abcdef", "part": ""})
    assert key({"data": "photos"}) == key({"data": "photos/"})


def test_conditions_are_said_in_words():
    assert described(SCORES) == (
        "images per class 10, layers none named, references yes, data photos (content 01234567), fold 0 of 4"
    )
    assert described(SCORES, ("part", "references")) == "references yes, fold 0 of 4"
