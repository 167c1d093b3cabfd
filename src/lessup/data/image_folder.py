"""A folder of images, or a zip or tar of one: the first level of folders that differs gives the classes.

Any of these layouts, told apart by the names of the folders::

    cat/1.jpg, dog/old/2.png             one folder a class, whatever lies below it (as torchvision's ``ImageFolder``)
    Photos/cat/1.jpg, Photos/dog/2.png   the same below folders that hold everything, as archives have them
    train/cat/1.jpg, test/dog/2.jpg      an official split; ``val`` is the test part if ``test`` has no labels
    1.jpg, 2.jpg                         no classes

Where images of one level lie beside class folders, they have no label. With ``train``, ``val`` and ``test``, ``val``
joins the training part, from which lessup holds its own validation part back. Caltech-101 as it is published has 102
classes so: its folder ``BACKGROUND_Google`` is kept as one.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext

from lessup.errors import DataError
from lessup.formats import grid, mesh
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.image_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images

wanted = "a folder, zip or tar of images (.jpg, .png, .webp, .tif, ...), one sub-folder a class"
general = True

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
        class_name: empty if it lies in no class folder.
    """

    id: str
    part: str
    class_name: str


def recognises(path: Path) -> bool:
    """Tell whether images are there that are no textures of meshes and no pictures beside a set of shape grids."""
    if not is_tree(path):
        return False
    suffixes = Counter(_suffix(name) for name in open_tree(path).names())
    images = sum(suffixes[suffix] for suffix in SUFFIXES)
    return images > sum(suffixes[suffix] for suffix in grid.SUFFIXES) and not any(
        suffixes[each] for each in mesh.SUFFIXES
    )


def load(path: Path, reading: Reading) -> Images:
    """Load every image below a folder or in an archive, through a cache beside it.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: there are no images, or none can be used.
    """
    tree = open_tree(path)
    names = [name for name in tree.names() if _suffix(name) in SUFFIXES]
    if not names:
        raise DataError(f"no images in {path}: wanted {', '.join(SUFFIXES)}")
    places = placed(names)
    test_part = _test_part(places)
    kept = [
        (name, place)
        for name, place in zip(names, places, strict=True)
        if place.part in ("", "train", "val", test_part)
    ]
    num_unlabelled = len(places) - len(kept)
    classes = sorted({place.class_name for _, place in kept} - {""})
    number = {name: label for label, name in enumerate(classes)} | {"": -1}
    entries = [
        Entry(name=name, id=place.id, label=number[place.class_name], official=_official(place.part, test_part))
        for name, place in kept
    ]
    damage = [Damage("test", f"{num_unlabelled} images without labels; val is the test part")] if num_unlabelled else []
    return build_images(tree, entries, reading, classes=classes, damage=damage)


def placed(names: Sequence[str]) -> list[Place]:
    """Read class and part of every image off its name.

    >>> placed(["Photos/cat/1.jpg", "Photos/dog/old/2.png"])[1]
    Place(id='dog/old/2.png', part='', class_name='dog')
    """
    files = _below_shared([tuple(name.split("/")) for name in names])
    ids = ["/".join(parts) for parts in files]
    found = [_PARTS.get(parts[0].lower(), "") if len(parts) > 1 else "" for parts in files]
    if any(found):
        files = _below_shared([parts[1:] if part else parts for part, parts in zip(found, files, strict=True)])
    return [
        Place(id, part, parts[0] if len(parts) > 1 else "") for id, part, parts in zip(ids, found, files, strict=True)
    ]


def _below_shared(files: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    """Take away the folders at the top that hold everything, but for the last above the images and those of a split."""
    first, fewest = files[0], min(len(parts) for parts in files)
    depth = 0
    while depth < fewest - 2 and first[depth].lower() not in _PARTS:
        if any(parts[depth] != first[depth] for parts in files):
            break
        depth += 1
    return [parts[depth:] for parts in files]


def _suffix(name: str) -> str:
    return splitext(name)[1].lower()


def _test_part(places: Sequence[Place]) -> str:
    """Return which part is the test part: ``test``, but ``val`` if only that has the labels that training has."""
    labelled = {place.part for place in places if place.class_name}
    parts = {place.part for place in places}
    if "test" in parts and ("test" in labelled or "val" not in labelled):
        return "test"
    return "val" if "val" in parts else ""


def _official(part: str, test_part: str) -> str:
    return "" if not part else "test" if part == test_part else "train"
