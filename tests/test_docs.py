"""Every fenced Python block in the README and the docs runs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
BLOCKS = [
    pytest.param(block, id=f"{page.relative_to(ROOT)}:{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"^```python\n(.*?)^```", page.read_text(), re.DOTALL | re.MULTILINE))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_python_block_runs(block: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    exec(compile(block, "block", "exec"), {"__name__": "__main__"})


def test_every_command_in_the_pages_exists() -> None:
    from lessup.cli import COMMANDS

    named = {word for page in PAGES for word in re.findall(r"\blessup ([a-z]+)\b(?! is)", _code(page.read_text()))}
    assert named <= set(COMMANDS), named - set(COMMANDS)


def _code(text: str) -> str:
    return "\n".join(re.findall(r"^```(?:sh|bash|text)?\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
