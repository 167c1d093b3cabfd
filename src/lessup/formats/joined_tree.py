"""Several folders or archives as one tree, each below a folder of its own name."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import IO

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree


class JoinedTree(FileTree):
    """What several trees hold, ``NAME/...`` being what the tree called ``NAME`` calls ``...``."""

    def __init__(self, path: Path, trees: Mapping[str, FileTree]) -> None:
        """Join trees.

        Args:
            path: the folder that they lie in.
            trees: by name, without a slash.
        """
        super().__init__(path)
        self._trees = dict(trees)
        self._names = tuple(sorted(f"{key}/{name}" for key, tree in trees.items() for name in tree.names()))

    def names(self) -> tuple[str, ...]:
        """Return the names of all files, in order."""
        return self._names

    def read(self, name: str) -> bytes:
        """Return the content of one file.

        Raises:
            DataError: there is no such file, or it cannot be read.
        """
        tree, inner = self._owner(name)
        return tree.read(inner)

    def open(self, name: str) -> IO[bytes]:
        """Open one file.

        Raises:
            DataError: there is no such file, or it cannot be read.
        """
        tree, inner = self._owner(name)
        return tree.open(inner)

    def stamp(self, names: Iterable[str]) -> str:
        """Return 32 hexadecimal digits that change when files do."""
        of_tree: dict[str, list[str]] = {}
        for name in names:
            key, _, inner = name.partition("/")
            of_tree.setdefault(key, []).append(inner)
        stamps = [self._trees[key].stamp(inner) if key in self._trees else key for key, inner in of_tree.items()]
        return hashlib.blake2b("\0".join([*of_tree, *stamps]).encode(), digest_size=16).hexdigest()

    def is_current(self) -> bool:
        """Tell whether the names are still those of all trees."""
        return all(tree.is_current() for tree in self._trees.values())

    def _owner(self, name: str) -> tuple[FileTree, str]:
        key, _, inner = name.partition("/")
        if key not in self._trees:
            raise DataError("no such file")
        return self._trees[key], inner
