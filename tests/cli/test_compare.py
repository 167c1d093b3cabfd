"""What may stand on the command line of `lessup compare`."""

import pytest

from lessup.cli import main
from lessup.cli.compare import protocols_asked


def test_every_protocol_has_its_own_flags_within_quotes() -> None:
    words = ["run", "--protocol", "linear-svm --images-per-class 30", "--data", "x", "--protocol", "knn --k 1 5"]
    svm, knn = protocols_asked(words)
    assert (svm.name, svm.config.images_per_class, svm.label) == ("linear-svm", 30, "linear-svm --images-per-class 30")
    assert (knn.name, knn.config.k, knn.config.images_per_class) == ("knn", (1, 5), 0)


def test_help_of_one_protocol_shows_its_flags_and_of_several_none(capsys: pytest.CaptureFixture[str]) -> None:
    for protocols, shown in ((["knn"], True), (["knn", "linear"], False)):
        with pytest.raises(SystemExit) as ended:
            main(["compare", *(word for name in protocols for word in ("--protocol", name)), "--help"])
        assert ended.value.code == 0
        assert ("--temperature" in capsys.readouterr().out) is shown


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["compare", "x"], "which protocol?"),
        (["compare", "x", "--protocol", "knm --k 5"], "nearest: knn"),
        (["compare", "x", "--protocol", "knn 'k"], "quote"),
        (["compare", "x", "--protocol", "knn", "--out", "table.csv"], "ends in .md, .json, .html"),
        (["compare", "nowhere", "--protocol", "knn", "--protocol", "linear"], "no run at nowhere"),
    ],
)
def test_wrong_usage_gives_one_line_and_exit_2(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert answer in said
    assert "\n" not in said


def test_unknown_flag_of_a_quoted_protocol_is_wrong_usage() -> None:
    with pytest.raises(SystemExit) as ended:
        main(["compare", "x", "--protocol", "knn --kk 5"])
    assert ended.value.code == 2
