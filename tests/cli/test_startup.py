"""Starting up imports nothing heavy."""

import subprocess
import sys

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
