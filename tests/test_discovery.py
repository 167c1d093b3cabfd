"""Finding modules by their files."""

import pytest

from lessup import discovery
from lessup.errors import UsageError


def test_names_are_files_with_dashes() -> None:
    assert "vconv-dae" in discovery.names("methods")
    assert all("_" not in name for name in discovery.names("methods"))


def test_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="vconv-dae"):
        discovery.module("methods", "vconv-dea")


def test_dash_and_underscore_mean_the_same() -> None:
    assert discovery.module("methods", "vconv_dae") is discovery.module("methods", "vconv-dae")


@pytest.mark.parametrize("room", ["methods", "evaluation", "data"])
def test_every_module_says_in_one_sentence_what_it_is(room: str) -> None:
    for name in discovery.names(room):
        assert 10 < len(discovery.summary(room, name)) < 300, name
