"""Which questions are written from outlines: a COCO file of a dozen images made by hand."""

import json
import sys
from collections import Counter
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
CLASSES = {1: ("person", "person"), 2: ("dog", "animal"), 3: ("cat", "animal"), 4: ("sofa", "furniture")}


@pytest.fixture
def written(monkeypatch, tmp_path):
    """Six images of a dog alone, then one with a dog, a cat and a crowd, then seven of sofas, then an empty one."""
    monkeypatch.syspath_prepend(BENCHMARKS)
    import answers

    things = (
        [[(2, 10.0)]] * 6 + [[(2, 10.0), (3, 20.0), (1, 5.0)]] + [[(4, 1.0)] * count for count in range(1, 8)] + [[]]
    )
    content = {
        "images": [{"id": n, "file_name": f"{n}.jpg"} for n in range(len(things))],
        "categories": [{"id": n, "name": name, "supercategory": kind} for n, (name, kind) in CLASSES.items()],
        "annotations": [
            {"image_id": n, "category_id": label, "area": area, "iscrowd": int(label == 1)}
            for n, own in enumerate(things)
            for label, area in own
        ],
    }
    (tmp_path / "instances_val2017.json").write_text(json.dumps(content))
    yield list(answers.questions(tmp_path))
    sys.modules.pop("answers")


def test_what_is_there_is_asked_of_as_many_images_with_it_as_without(written):
    there = [(question, answer, int(image[:-4])) for image, question, answer in written if question.startswith("is")]
    assert Counter(question for question, _, _ in there) == {"is there a dog?": 14, "is there a sofa?": 14}
    assert Counter(answer for _, answer, _ in there) == {"yes": 14, "no": 14}
    for question, answer, image in there:
        has = image <= 6 if "dog" in question else 7 <= image <= 13
        assert has == (answer == "yes")
    assert len(set(there)) == len(there)


def test_kinds_are_asked_for_where_one_class_has_them_and_the_largest_object_everywhere(written):
    assert [answer for image, question, answer in written if question == "what animal is there?"] == ["dog"] * 6
    pictures = {image: answer for image, question, answer in written if question == "what is in the picture?"}
    assert len(pictures) == 14, "nothing is asked of the empty image"
    assert (pictures["0.jpg"], pictures["6.jpg"], pictures["13.jpg"]) == ("dog", "cat", "sofa")


def test_four_objects_or_a_crowd_are_many(written):
    sofas = [answer for _, question, answer in written if question == "how many sofas are there?"]
    assert sofas == ["1", "2", "3", "many", "many", "many", "many"]
    assert [answer for _, question, answer in written if question == "how many persons are there?"] == ["many"]
