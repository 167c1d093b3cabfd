"""The command line's words, exits and errors."""

import dataclasses

import pytest

from lessup import discovery, evaluation
from lessup.cli import COMMANDS, main


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert all(f"lessup {name} " in shown for name in COMMANDS)


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in ("train", "evaluate", "compare")])
def test_every_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"lessup {command}" in capsys.readouterr().out


@pytest.mark.parametrize("method", discovery.names("methods"))
def test_every_method_has_help(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", method, "--help"])
    assert ended.value.code == 0
    assert f"lessup train {method}" in capsys.readouterr().out


@pytest.mark.parametrize("protocol", discovery.names("evaluation"))
def test_every_protocol_has_help(protocol: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["evaluate", "--protocol", protocol, "--help"])
    assert ended.value.code == 0
    assert "--protocol" in capsys.readouterr().out


NO_NETWORK = ("list", "doctor", "shard", "report")


@pytest.mark.parametrize("command", [name for name in COMMANDS if name not in NO_NETWORK])
def test_every_command_that_runs_a_network_takes_a_device(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    what = {"train": ["vconv-dae"], "evaluate": ["--protocol", "knn"], "compare": ["--protocol", "knn"]}
    what["discover"] = ["answers"]
    with pytest.raises(SystemExit):
        main([command, *what.get(command, []), "--help"])
    assert "--device" in capsys.readouterr().out


@pytest.mark.parametrize("protocol", discovery.names("evaluation"))
def test_one_layer_is_asked_for_by_layer_and_several_by_layers(protocol: str) -> None:
    fields = {field.name: field.type for field in dataclasses.fields(evaluation.load(protocol).Config)}
    assert fields.get("layer", str | None) in (str | None, "str | None")
    assert fields.get("layers", tuple[str, ...]) in (tuple[str, ...], "tuple[str, ...]")
    assert not {"layer", "layers"} <= set(fields)


def test_method_has_its_own_flags(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["train", "vconv-dae", "--help"])
    assert ended.value.code == 0
    shown = capsys.readouterr().out
    assert "--no-corruption" in shown
    assert "--batch-size" in shown


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (["trian"], "did you mean `lessup train`"),
        (["train", "vconv-dea", "--data", "x", "--out", "y"], "nearest: vconv-dae"),
        (["train", "--data", "x", "--out", "y"], "which method?"),
        (["train", "vconv-dae", "--recipe", "papr", "--data", "x", "--out", "y"], "it has"),
        (["evaluate", "x", "--protocol", "shape-repare"], "nearest: shape-repair"),
        (["evaluate", "nowhere", "--protocol", "shape-repair"], "nowhere"),
        (["train", "vconv-dae", "--data", "nowhere", "--out", "y"], "nothing at nowhere"),
        (["compare", "--protocol", "shape-repair"], "nothing to compare"),
        (["repair", "nowhere", "a.off", "b.off", "--out", "y", "--side", "30"], "no run at nowhere"),
        (["blend", "nowhere", "a.off", "b.off", "--out", "y", "--up", "y"], "no run at nowhere"),
    ],
)
def test_wrong_usage_gives_one_line_and_exit_2(
    words: list[str], answer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    said = capsys.readouterr().err.strip()
    assert answer in said
    assert "\n" not in said


def test_no_words_at_all_is_wrong_usage() -> None:
    assert main([]) == 2


def test_lists_are_not_empty(capsys: pytest.CaptureFixture[str]) -> None:
    for kind in ("methods", "protocols", "recipes", "data"):
        assert main(["list", kind]) == 0
    assert "vconv-dae --recipe paper" in capsys.readouterr().out
