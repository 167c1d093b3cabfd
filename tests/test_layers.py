"""A room imports only from rooms below it; the order is the table of docs/architecture.md."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "src" / "lessup"


def rooms_in_order() -> list[str]:
    table = [line for line in (ROOT / "docs" / "architecture.md").read_text().splitlines() if re.match(r"\| \d", line)]
    return [room for line in table for room in re.findall(r"`(\w+)`", line.split("|")[2])]


def room_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported_rooms(path: Path) -> set[str]:
    rooms = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "lessup":
            rooms.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lessup."):
            rooms.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            rooms.update(a.name.split(".")[1] for a in node.names if a.name.startswith("lessup."))
    return rooms


SOURCES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_module_imports_only_from_lower_rooms(path: Path) -> None:
    order = rooms_in_order()
    own = order.index(room_of(path))
    higher = [room for room in imported_rooms(path) if order.index(room) > own]
    assert not higher, f"{path.name} imports from {higher}, which stand above {order[own]}"


def test_every_room_that_exists_stands_in_the_table() -> None:
    assert {room_of(path) for path in SOURCES} <= set(rooms_in_order())


def test_methods_never_import_one_another() -> None:
    for path in (PACKAGE / "methods").glob("[!_]*.py"):
        assert "lessup.methods." not in path.read_text(), path.name
