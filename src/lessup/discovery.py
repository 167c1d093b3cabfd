"""Find methods, protocols and data sources by looking into their folders: there is no registry.

A module's name is its public name, with ``_`` written as ``-``. Listing reads file names only and imports nothing.
"""

import ast
import difflib
import importlib
import inspect
from pathlib import Path
from types import ModuleType
from typing import TypeVar

from lessup.errors import UsageError

T = TypeVar("T")

_ROOT = Path(__file__).parent


def names(room: str) -> tuple[str, ...]:
    """List the public names in one folder of the package, in alphabetical order.

    Args:
        room: the folder, such as ``methods``, ``evaluation`` or ``data``.

    >>> "vconv-dae" in names("methods")
    True
    """
    found = (path.stem for path in (_ROOT / room).glob("*.py"))
    return tuple(sorted(stem.replace("_", "-") for stem in found if not stem.startswith("_")))


def module(room: str, name: str) -> ModuleType:
    """Import the module behind a public name.

    Args:
        room: the folder, such as ``methods``.
        name: the public name; ``-`` and ``_`` mean the same.

    Raises:
        UsageError: no module has this name; the message lists the nearest ones.
    """
    public = name.replace("_", "-")
    known = names(room)
    if public not in known:
        near = difflib.get_close_matches(public, known, n=3) or known
        raise UsageError(f"no {room} called {name!r}; nearest: {', '.join(near)} (see `lessup list`)")
    return importlib.import_module(f"lessup.{room}.{public.replace('-', '_')}")


def concrete(room: str, name: str, base: type[T]) -> type[T]:
    """Return the one concrete subclass of ``base`` that a module defines.

    Args:
        room: the folder, such as ``methods``.
        name: the public name.
        base: the abstract class of that folder.

    Raises:
        UsageError: no module has this name.
    """
    home = module(room, name)
    found = [
        value
        for value in vars(home).values()
        if inspect.isclass(value)
        and issubclass(value, base)
        and not inspect.isabstract(value)
        and value.__module__ == home.__name__
    ]
    assert len(found) == 1, f"{home.__name__} defines {len(found)} concrete {base.__name__} classes, wanted one"
    return found[0]


def summary(room: str, name: str) -> str:
    """Return the first sentence of a module's docstring, without importing it.

    Args:
        room: the folder, such as ``methods``.
        name: the public name.
    """
    source = (_ROOT / room / f"{name.replace('-', '_')}.py").read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return " ".join(docstring.split("\n\n")[0].split())
