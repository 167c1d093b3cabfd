"""Questions, from tables written by hand."""

from pathlib import Path

import pytest

from lessup.errors import DataError
from lessup.formats.questions import Question, images_of, read_questions


def test_a_line_is_a_question_and_an_empty_answer_is_asked_for(tmp_path: Path) -> None:
    table = tmp_path / "questions.csv"
    table.write_text(
        "Answer,file,who,question\nYes ,./a.jpg,me,Is it a cat?\n,,,\n,x/b.jpg,me,what is it\n,c.jpg,,why\n"
    )
    assert read_questions(table) == (
        Question(2, "a.jpg", "Is it a cat?", "yes"),
        Question(4, "x/b.jpg", "what is it", ""),
        Question(5, "c.jpg", "why", ""),
    )


def test_short_lines_have_empty_cells(tmp_path: Path) -> None:
    table = tmp_path / "questions.tsv"
    table.write_text("image\tquestion\tanswer\na.jpg\twhat, if any\n")
    assert read_questions(table) == (Question(2, "a.jpg", "what, if any", ""),)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        (
            "q.csv",
            "image,question,anser\n",
            "has the columns image, question, anser; wanted image, question and answer",
        ),
        ("q.csv", "", "has the columns none; wanted image, question and answer"),
        ("q.csv", "image,question,answer\n,,\n", "has no line below its first"),
        ("q.csv", "image,question,answer\na.jpg,,yes\n", "line 2 asks '' about a.jpg; wanted a question of a word"),
        ("q.csv", "image,question,answer\na.jpg,what,\na.jpg,??,\n", r"line 3 asks '\?\?' about a.jpg; wanted"),
        ("q.csv", "image,question,answer\n,what is it,a cat\n", "line 2 names no image"),
        ("q.txt", "image,question,answer\n", "no questions at .*: wanted a .csv or .tsv"),
    ],
)
def test_other_tables_are_refused(tmp_path: Path, name: str, content: str, said: str) -> None:
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=said):
        read_questions(tmp_path / name)


def test_absent_table_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no questions at"):
        read_questions(tmp_path / "none.csv")


def about(*images: str) -> list[Question]:
    return [Question(2 + number, image, "what is it", "") for number, image in enumerate(images)]


def test_last_name_is_enough_where_it_is_unique() -> None:
    names = ["x/a.jpg", "x/b.jpg", "y/b.jpg"]
    assert images_of(about("a.jpg", "y/b.jpg", "x/a.jpg"), names, "q.csv") == [0, 2, 0]
    with pytest.raises(DataError, match=r"asks about b\.jpg, which is none of the 3 images: did you mean [xy]/b\.jpg"):
        images_of(about("b.jpg"), names, "q.csv")


def test_nearest_name_is_offered_for_an_image_that_is_not_there() -> None:
    names = ["dog.jpg", "house.jpg"]
    with pytest.raises(
        DataError, match=r"q\.csv: line 3 asks about dgo\.jpg, .* did you mean dog\.jpg\? \(1 of 2 quest"
    ):
        images_of(about("dog.jpg", "dgo.jpg"), names, "q.csv")
    with pytest.raises(DataError, match=r"wanted some of dog\.jpg, house\.jpg \(2 of 3 questions are about none"):
        images_of(about("zzz", "dog.jpg", "yyy"), names, "q.csv")
