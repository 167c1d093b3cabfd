"""What the files are called that are made of images."""

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePosixPath


def stems(ids: Sequence[str]) -> list[str]:
    """Return a path within a folder for every image: without its suffix where that tells images apart.

    >>> stems(["a/0.png", "../b.jpg", "b.png"])
    ['a/0', 'b.jpg', 'b.png']
    """
    inside = [PurePosixPath(*[part for part in PurePosixPath(id).parts if part not in ("/", "..")]) for id in ids]
    times_used = Counter(path.with_suffix("") for path in inside)
    return [str(path.with_suffix("") if times_used[path.with_suffix("")] == 1 else path) for path in inside]


def below_common(paths: Sequence[str]) -> list[str]:
    """Return paths without the folders that all of them lie in.

    >>> below_common(["images/a/0", "images/b/0"])
    ['a/0', 'b/0']
    """
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    shared = next((place for place, names in enumerate(zip(*folders, strict=False)) if len(set(names)) > 1), None)
    count = min(map(len, folders), default=0) if shared is None else shared
    return [str(PurePosixPath(*PurePosixPath(path).parts[count:])) for path in paths]
