"""Images annotated in COCO's JSON: boxes, tags, and masks drawn from the polygons.

The layout, within a folder or archive, under any folders that hold everything: one or more JSON files with ``images``,
``annotations`` and ``categories``, as COCO has them (``annotations/instances_train2017.json``, images in
``train2017/``), beside the images (``_annotations.coco.json``), or of any name near the top that has these keys and
lists images that are there, but not where a table (.csv, .tsv) or the folders of PASCAL VOC say what they are; such a
file may also be given itself. A file whose name or folder says ``val`` or ``test`` is of the test part, others of the
training part; with one file alone there are no parts. Crowds are difficult boxes, and their pixels are not counted in
the masks; where objects overlap, the smaller one is drawn above.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.samples import Damage, Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.image_decoding import Drawing
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Boxes, Images

wanted = "COCO json (annotations/instances_*.json or another, and the images)"
general = False

IGNORED = 255
"""Number of a mask's pixels that are not counted."""


_DEPTH = 2
"""Folders above a JSON file of another name than COCO's, at most."""

_LOOKED_INTO, _LOOKED_UP = 16, 100
"""Such files that are read to know them, and images of each that are looked for."""

_TEST_FOLDERS = ("val", "valid", "validation", "test", "testing")


@dataclass(frozen=True)
class Instance:
    """One annotated object.

    Attributes:
        label: class.
        box: left, top, width, height in pixels.
        polygons: corners x, y, x, y ... of each part; empty for a crowd.
        runs: lengths of runs of other and own pixels, column by column, and the (H, W) they fill; of a crowd.
        crowd: whether it is a crowd, whose members are not told apart.
        area: in pixels.
    """

    label: int
    box: tuple[float, float, float, float]
    polygons: tuple[tuple[float, ...], ...]
    runs: tuple[tuple[int, ...], tuple[int, int]] | None
    crowd: bool
    area: float


def recognises(path: Path) -> bool:
    """Tell from names, and from the keys of a few JSON files of other names, whether files of instances are there."""
    return _found(path) is not None


def load(path: Path, reading: Reading) -> Images:
    """Load all images that the files list.

    Args:
        path: the folder or archive, or a JSON file in or above the folder of its images.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: a file is not of this kind, two files differ in their categories, or no image can be used.
    """
    found_files = _found(path)
    if found_files is None:
        raise DataError(f"{path}: wanted {wanted}")
    tree, files = found_files
    contents = {file: _content(tree, file) for file in files}
    classes, number = _categories(contents)
    places = _places(tree)
    entries, damage = [], []
    for file, content in contents.items():
        part = _part(file) if len(files) > 1 else ""
        found, missing = _entries(file, content, part, number, places)
        entries += found
        damage += missing
    return build_images(tree, entries, reading, classes=classes, damage=damage)


def drawn(instances: Sequence[Instance], height: int, width: int) -> NDArray[np.uint8]:
    """Return the (H, W) mask of an image: 0 background, 1 + class, 255 a crowd; smaller objects lie above larger ones.

    Args:
        instances: objects of the image.
        height: H.
        width: W.
    """
    canvas = Image.new("L", (width, height), 0)
    pen = ImageDraw.Draw(canvas)
    for each in sorted(instances, key=lambda each: (not each.crowd, -each.area)):
        colour = IGNORED if each.crowd else each.label + 1
        if each.runs is not None:
            own = Image.fromarray(_from_runs(*each.runs).astype(np.uint8) * 255)
            canvas.paste(colour, (0, 0), own)
        for polygon in each.polygons:
            pen.polygon(polygon, fill=colour)
    return np.asarray(canvas)


def _from_runs(runs: Sequence[int], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return the (H, W) pixels of runs that alternate between other and own ones, column by column."""
    values = np.repeat(np.arange(len(runs)) % 2 == 1, runs)
    if len(values) != size[0] * size[1]:
        raise DataError(f"runs of {len(values)} pixels for a mask of {size[0]}x{size[1]}")
    return values.reshape(size[1], size[0]).T


def _found(path: Path) -> tuple[FileTree, list[str]] | None:
    """Return the files of instances and the folder or archive that they are in; None if there are none."""
    if path.suffix.lower() == ".json" and path.is_file():
        above = [path.parent.parent] if path.parent.name.lower() == "annotations" else []
        for folder in (path.parent, *above):
            tree, name = open_tree(folder), path.relative_to(folder).as_posix()
            if name in tree.names() and _lists_images(tree, name, _places(tree)):
                return tree, [name]
        return None
    if not is_tree(path):
        return None
    tree = open_tree(path)
    files = _files(tree)
    return (tree, files) if files else None


def _files(tree: FileTree) -> list[str]:
    """Return the files of instances: by COCO's own name, by the name that lies beside images, or by what they hold."""
    found = [name for name in tree.names() if name.endswith(".json")]
    own = [name for name in found if name.rpartition("/")[2].startswith("instances")]
    named = own or [name for name in found if name.endswith("_annotations.coco.json")]
    if named or not found or any(_is_told_otherwise(name) for name in tree.names()):
        return named
    near = sorted((name for name in found if name.count("/") <= _DEPTH), key=lambda name: (name.count("/"), name))
    places = _places(tree)
    return [name for name in near[:_LOOKED_INTO] if _lists_images(tree, name, places)]


def _is_told_otherwise(name: str) -> bool:
    """Tell whether a file is a table near the top, or an annotation of PASCAL VOC."""
    return (name.lower().endswith((".csv", ".tsv")) and name.count("/") <= 1) or "JPEGImages/" in name


def _lists_images(tree: FileTree, file: str, places: Mapping[str, list[str]]) -> bool:
    """Tell whether a file has the keys of COCO's instances, and one of the first images that it lists is there."""
    try:
        content = tree.read(file)
    except DataError:
        return False
    if not all(re.search(rb'"%s"\s*:\s*\[' % key, content) for key in (b"images", b"annotations", b"categories")):
        return False
    names = islice(re.finditer(rb'"file_name"\s*:\s*"([^"\n]+)"', content), _LOOKED_UP)
    return any(each[1].decode("utf-8", "replace").rpartition("/")[2] in places for each in names)


def _content(tree: FileTree, file: str) -> Mapping[str, Any]:
    try:
        content = json.loads(tree.read(file))
    except ValueError as error:
        raise DataError(f"{file} in {tree.path} is no JSON: {error}") from error
    lacking = [
        key for key in ("images", "annotations", "categories") if not isinstance(content, dict) or key not in content
    ]
    if lacking:
        raise DataError(f"{file} in {tree.path} lacks {', '.join(lacking)}: wanted COCO's instances")
    return dict(content)


def _categories(contents: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], dict[int, int]]:
    """Return the names of the classes in the order of their ids, and the class of each id."""
    tables = {file: {int(c["id"]): str(c["name"]) for c in content["categories"]} for file, content in contents.items()}
    first_file, first = next(iter(tables.items()))
    other = next((file for file, table in tables.items() if table != first), None)
    if other is not None:
        raise DataError(f"{first_file} and {other} have different categories: give them apart")
    ids = sorted(first)
    if len(ids) > IGNORED - 1:
        raise DataError(f"{first_file} has {len(ids)} categories; masks can tell {IGNORED - 1} apart")
    return [first[each] for each in ids], {each: label for label, each in enumerate(ids)}


def _part(file: str) -> str:
    folder, _, stem = file.lower().rpartition("/")
    is_test = "val" in stem or "test" in stem or folder.rpartition("/")[2].rstrip("0123456789") in _TEST_FOLDERS
    return "test" if is_test else "train"


def _places(tree: FileTree) -> dict[str, list[str]]:
    """Return where files of each last name are."""
    places: dict[str, list[str]] = {}
    for name in tree.names():
        places.setdefault(name.rpartition("/")[2], []).append(name)
    return places


def _entries(
    file: str, content: Mapping[str, Any], part: str, number: Mapping[int, int], places: Mapping[str, list[str]]
) -> tuple[list[Entry], list[Damage]]:
    entries: list[Entry] = []
    damage: list[Damage] = []
    by_image: dict[int, list[Instance]] = {}
    try:
        for annotation in content["annotations"]:
            by_image.setdefault(int(annotation["image_id"]), []).append(_instance(annotation, number))
        for image in content["images"]:
            name = str(image["file_name"])
            found = _nearest(places.get(name.rpartition("/")[2], []), file, name)
            if found is None:
                damage.append(Damage(name, f"listed in {file} but not there"))
            else:
                entries.append(_entry(found, part, by_image.get(int(image["id"]), []), len(number)))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{file} is not what COCO's instances are: {error!r}") from error
    return entries, damage


def _nearest(candidates: Sequence[str], file: str, name: str) -> str | None:
    """Return the place of an image: of several, that in a folder which the JSON file's name mentions, or beside it."""
    folder, _, stem = file.rpartition("/")
    own = [place for place in candidates if place.endswith(f"/{name}") or place == name] or list(candidates)
    mentioned = [place for place in own if place.count("/") and place.split("/")[-2] in stem]
    beside = [place for place in own if place.startswith(f"{folder}/")] if folder else []
    return next(iter(mentioned or beside or own), None)


def _instance(annotation: Mapping[str, Any], number: Mapping[int, int]) -> Instance:
    left, top, width, height = (float(value) for value in annotation["bbox"])
    shape = annotation.get("segmentation") or []
    runs = None
    if isinstance(shape, dict):
        if isinstance(shape["counts"], str):
            raise ValueError("compressed runs; wanted polygons or plain runs")
        runs = (tuple(int(run) for run in shape["counts"]), (int(shape["size"][0]), int(shape["size"][1])))
        shape = []
    return Instance(
        label=number[int(annotation["category_id"])],
        box=(left, top, width, height),
        polygons=tuple(tuple(float(value) for value in polygon) for polygon in shape if len(polygon) >= 6),
        runs=runs,
        crowd=bool(annotation.get("iscrowd", 0)),
        area=float(annotation.get("area", width * height)),
    )


def _entry(name: str, part: str, instances: Sequence[Instance], num_classes: int) -> Entry:
    left_top_size = np.array([each.box for each in instances], np.float32).reshape(-1, 4)
    corners = left_top_size.copy()
    corners[:, 2:] += corners[:, :2]
    present = np.zeros(num_classes, np.int8)
    present[[each.label for each in instances]] = 1
    label = np.array([each.label for each in instances], np.int64)
    boxes = Boxes(corners, label, np.array([each.crowd for each in instances], bool))
    drawing = Drawing(fingerprint(repr(instances)), partial(drawn, instances))
    return Entry(name=name, official=part, tags=present, boxes=boxes, mask=drawing)
