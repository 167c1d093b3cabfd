"""Starting up imports nothing heavy."""

import os
import subprocess
import sys

import pytest

HEAVY = {"torch", "lightning", "numpy", "scipy", "sklearn", "skimage", "plotly", "numba", "tyro", "rich"}


def modules_after(code: str) -> set[str]:
    shown = subprocess.run(
        [sys.executable, "-c", f"import sys\n{code}\nprint(*sys.modules, file=sys.stderr)"],
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in shown.stderr.split()}


def test_import_lessup_is_light() -> None:
    assert not modules_after("import lessup") & HEAVY


def test_help_is_light() -> None:
    assert not modules_after("from lessup.cli import main; assert main(['--help']) == 0") & HEAVY


def test_core_does_not_need_the_extras() -> None:
    blocked = "sys.modules.update(dict.fromkeys(['trimesh', 'av', 'faiss', 'soundfile']))"
    modules_after(f"{blocked}\nimport lessup.verbs, lessup.doctor, lessup.report\nimport lessup\nlessup.train")


@pytest.mark.parametrize("words", [["list", "methods"], ["label", "--help"]])
def test_a_reader_that_has_enough_is_no_failure_to_report(words) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    code = f"import sys; from lessup.cli import main; sys.exit(main({words}))"
    with os.fdopen(writing, "wb") as closed:
        shown = subprocess.run(
            [sys.executable, "-c", code], stdout=closed, stderr=subprocess.PIPE, text=True, check=False
        )
    assert (shown.returncode, shown.stderr) == (1, "")
