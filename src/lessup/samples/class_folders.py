"""What the folders of files say: the first level that differs gives the classes, above it may stand an official split.

Any of these layouts, told apart by the names of the folders::

    cat/1.jpg, dog/old/2.png             one folder a class, whatever lies below it (as torchvision's ``ImageFolder``)
    Photos/cat/1.jpg, Photos/dog/2.png   the same below folders that hold everything, as archives have them
    train/cat/1.jpg, test/dog/2.jpg      an official split; ``val`` is the test part if ``test`` has no labels
    1.jpg, 2.jpg                         no classes
    Latin/a/1.png, Greek/alpha/2.png     folders of classes in folders of super-classes, where that is asked for
"""

from collections.abc import Sequence
from dataclasses import dataclass

_PARTS = {
    **{"train": "train", "training": "train"},
    **{"val": "val", "valid": "val", "validation": "val"},
    **{"test": "test", "testing": "test"},
}
"""What the names of top folders say of the part of the data below them."""


@dataclass(frozen=True)
class Place:
    """What the place of an image says.

    Attributes:
        id: its name below the folders that hold everything.
        part: ``train``, ``val``, ``test`` or empty.
        class_name: empty if it lies in no class folder; ``Latin/a`` where classes lie in super-classes.
    """

    id: str
    part: str
    class_name: str


@dataclass(frozen=True)
class Placed:
    """One file that is used.

    Attributes:
        name: of the file.
        id: its name below the folders that hold everything.
        label: class, or -1 where it lies in no class folder.
        official: ``train``, ``test`` or empty.
    """

    name: str
    id: str
    label: int
    official: str


@dataclass(frozen=True)
class Layout:
    """What the folders of all files say.

    Attributes:
        files: those that are used.
        classes: (K,) names.
        num_unlabelled: files of a test part without labels, which are left out.
    """

    files: tuple[Placed, ...]
    classes: tuple[str, ...]
    num_unlabelled: int


def layout(names: Sequence[str], *, nested: bool = False) -> Layout:
    """Read classes and parts off the names of N >= 1 files.

    Args:
        names: of the files.
        nested: whether folders of classes lie in folders of super-classes; a file that is not as deep has no label.

    >>> layout(["train/cat/1.jpg", "test/cat/2.jpg"]).files[1]
    Placed(name='test/cat/2.jpg', id='test/cat/2.jpg', label=0, official='test')
    """
    places = placed(names, nested=nested)
    test_part = _test_part(places)
    kept = [
        (name, place)
        for name, place in zip(names, places, strict=True)
        if place.part in ("", "train", "val", test_part)
    ]
    classes = sorted({place.class_name for _, place in kept} - {""})
    number = {name: label for label, name in enumerate(classes)} | {"": -1}
    files = [Placed(name, place.id, number[place.class_name], _official(place.part, test_part)) for name, place in kept]
    return Layout(tuple(files), tuple(classes), len(places) - len(kept))


def placed(names: Sequence[str], *, nested: bool = False) -> list[Place]:
    """Read class and part of every image off its name; see ``layout``.

    >>> placed(["Photos/cat/1.jpg", "Photos/dog/old/2.png"])[1]
    Place(id='dog/old/2.png', part='', class_name='dog')
    """
    depth = 2 if nested else 1
    files = _below_shared([tuple(name.split("/")) for name in names], depth)
    ids = ["/".join(parts) for parts in files]
    found = [_PARTS.get(parts[0].lower(), "") if len(parts) > 1 else "" for parts in files]
    if any(found):
        files = _below_shared([parts[1:] if part else parts for part, parts in zip(found, files, strict=True)], depth)
    return [
        Place(id, part, "/".join(parts[:depth]) if len(parts) > depth else "")
        for id, part, parts in zip(ids, found, files, strict=True)
    ]


def _below_shared(files: Sequence[tuple[str, ...]], kept: int) -> list[tuple[str, ...]]:
    """Take away the folders at the top that hold everything, but for the last ``kept`` and those of a split."""
    first, fewest = files[0], min(len(parts) for parts in files)
    depth = 0
    while depth < fewest - 1 - kept and first[depth].lower() not in _PARTS:
        if any(parts[depth] != first[depth] for parts in files):
            break
        depth += 1
    return [parts[depth:] for parts in files]


def _test_part(places: Sequence[Place]) -> str:
    """Return which part is the test part: ``test``, but ``val`` if only that has the labels that training has."""
    labelled = {place.part for place in places if place.class_name}
    parts = {place.part for place in places}
    if "test" in parts and ("test" in labelled or "val" not in labelled):
        return "test"
    return "val" if "val" in parts else ""


def _official(part: str, test_part: str) -> str:
    return "" if not part else "test" if part == test_part else "train"
