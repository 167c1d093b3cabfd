"""The flags of `lessup segment --from RUN`; what it makes is measured in tests/verbs."""

import json
from pathlib import Path
from typing import Any

import pytest

from lessup import verbs
from lessup.cli import main


def test_flags_of_segmenting_with_a_run_reach_what_they_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: dict[str, Any] = {}

    def segment(*named: Any, **settings: Any) -> dict[str, Any]:
        asked.update(settings, named=named)
        return {"images": 3}

    monkeypatch.setattr(verbs, "segment", segment)
    words = ["segment", "--from", "run", "--data", "photos", "--out", "made", "--no-crf"]
    assert main(words) == 0
    assert capsys.readouterr().out == "masks of 3 images -> made\n"
    assert asked == {
        "named": (Path("run"), "photos", Path("made")),
        "crf": False,
        "overlays": True,
        "device": "cpu",
        "overwrite": False,
    }
    assert main([*words, "--json", "--overwrite", "--device", "meta"]) == 0
    assert json.loads(capsys.readouterr().out) == {"images": 3}
    assert (asked["overwrite"], asked["device"]) == (True, "meta")
