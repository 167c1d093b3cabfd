"""PASCAL VOC as published, or any set in its layout: tags, boxes with their difficult flags, and masks where they are.

The layout, within a folder or archive, under any folders that hold everything::

    JPEGImages/000005.jpg             or .png or any other image
    Annotations/000005.xml            objects: name, difficult, bndbox
    ImageSets/Main/trainval.txt       names of images; also train, val, test; else ImageSets/Segmentation/
    SegmentationClass/000032.png      numbers: 0 background, 1 + class, 255 not to be counted

Where ``test`` is annotated (VOC 2007) it is the test part and ``trainval`` the training part; elsewhere (VOC 2012) they
are ``val`` and ``train``. As in the development kit, a class of which an image shows difficult objects alone is not
counted in its tags, and corners are given from 1 with the last pixel inside.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from posixpath import splitext
from xml.etree import ElementTree

import numpy as np

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree, is_tree, open_tree
from lessup.formats.image_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Boxes, Images

wanted = "PASCAL VOC (JPEGImages/, Annotations/, ImageSets/)"
general = False

CLASSES = [
    "aeroplane",
    "bicycle",
    "bird",
    "boat",
    "bottle",
    "bus",
    "car",
    "cat",
    "chair",
    "cow",
    "diningtable",
    "dog",
    "horse",
    "motorbike",
    "person",
    "pottedplant",
    "sheep",
    "sofa",
    "train",
    "tvmonitor",
]
"""The classes of VOC 2007 and 2012, in the order that their masks count them."""


@dataclass(frozen=True)
class Annotation:
    """What one XML file says.

    Attributes:
        names: classes of the objects.
        corners: left, top, right, bottom of each in pixels from 0, right and bottom outside.
        difficult: whether each is marked as difficult.
    """

    names: tuple[str, ...]
    corners: tuple[tuple[float, float, float, float], ...]
    difficult: tuple[bool, ...]


def recognises(path: Path) -> bool:
    """Tell whether the folders of the layout are there."""
    if not is_tree(path):
        return False
    names = open_tree(path).names()
    return all(any(f"{folder}/" in name for name in names) for folder in ("JPEGImages", "Annotations"))


def load(path: Path, reading: Reading) -> Images:
    """Load all annotated images.

    Args:
        path: the folder of one year, or what holds one alone.
        reading: ``size``, ``colour`` and ``max_megapixels``.

    Raises:
        DataError: several years are there, no image is annotated, or none can be used.
    """
    tree = open_tree(path)
    root = _root(tree)
    annotations, damage = _annotations(tree, root)
    if not annotations:
        raise DataError(f"{path}: no image has an annotation that can be read: wanted {root}Annotations/NAME.xml")
    classes = _classes(annotations)
    parts = _parts(tree, root, annotations)
    files = set(tree.names())
    images = _images(tree, root)
    entries = [
        Entry(
            name=images.get(name, f"{root}JPEGImages/{name}.jpg"),
            id=name,
            official=parts.get(name, ""),
            tags=tags(annotation, classes),
            boxes=_boxes(annotation, classes),
            mask=mask if (mask := f"{root}SegmentationClass/{name}.png") in files else "",
        )
        for name, annotation in annotations.items()
    ]
    return build_images(tree, entries, reading, classes=classes, damage=damage)


def parse(content: bytes) -> Annotation:
    """Read an annotation.

    Raises:
        DataError: it is no annotation of this kind; the message gives the reason alone.
    """
    if b"<!ENTITY" in content:
        raise DataError("annotation defines entities, which none of VOC does")
    try:
        objects = ElementTree.fromstring(content).findall("object")
        names = tuple((each.findtext("name") or "").strip() for each in objects)
        corners = tuple(_corners(each) for each in objects)
    except (ElementTree.ParseError, ValueError, TypeError) as error:
        raise DataError(f"annotation cannot be read: {error}") from error
    difficult = tuple((each.findtext("difficult") or "0").strip() == "1" for each in objects)
    return Annotation(names, corners, difficult)


def tags(annotation: Annotation, classes: Collection[str]) -> np.ndarray:
    """Return (K,) int8: 1 where a class is in the image, 0 where not, -1 where all of its objects are difficult.

    >>> tags(Annotation(("cat", "dog"), ((0, 0, 1, 1),) * 2, (True, False)), ["cat", "cow", "dog"]).tolist()
    [-1, 0, 1]
    """
    seen = set(annotation.names)
    plain = {name for name, hard in zip(annotation.names, annotation.difficult, strict=True) if not hard}
    return np.array([1 if name in plain else -1 if name in seen else 0 for name in classes], np.int8)


def _corners(each: ElementTree.Element) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(each.findtext(f"bndbox/{key}") or "") for key in ("xmin", "ymin", "xmax", "ymax"))
    if not (left <= right and top <= bottom):
        raise ValueError(f"box {left:g} {top:g} {right:g} {bottom:g} has no inside")
    return left - 1, top - 1, right, bottom


def _root(tree: FileTree) -> str:
    """Return the folder that holds the layout, with a slash or empty."""
    roots = sorted({name.partition("JPEGImages/")[0] for name in tree.names() if "JPEGImages/" in name})
    if len(roots) > 1:
        raise DataError(f"{tree.path} holds several sets ({', '.join(roots)}): give the folder of one")
    return roots[0]


def _images(tree: FileTree, root: str) -> dict[str, str]:
    """Return the file of every image by its name without ending; of two files, the ending earlier in ``SUFFIXES``."""
    found: dict[str, str] = {}
    top = f"{root}JPEGImages/"
    for file in (name for name in tree.names() if name.startswith(top)):
        stem, suffix = splitext(file.removeprefix(top))
        if suffix.lower() in SUFFIXES:
            found[stem] = min(found.get(stem, file), file, key=lambda each: SUFFIXES.index(splitext(each)[1].lower()))
    return found


def _annotations(tree: FileTree, root: str) -> tuple[dict[str, Annotation], list[Damage]]:
    found: dict[str, Annotation] = {}
    damage = []
    for file in tree.names():
        if file.startswith(f"{root}Annotations/") and file.endswith(".xml"):
            name = file.removeprefix(f"{root}Annotations/").removesuffix(".xml")
            try:
                found[name] = parse(tree.read(file))
            except DataError as error:
                damage.append(Damage(file, str(error)))
    return found, damage


def _classes(annotations: Mapping[str, Annotation]) -> list[str]:
    """Return the published classes, or those that are there if there are others."""
    found = {name for annotation in annotations.values() for name in annotation.names}
    return CLASSES if found <= set(CLASSES) else sorted(found)


def _parts(tree: FileTree, root: str, annotated: Collection[str]) -> dict[str, str]:
    kind = "Main" if any(name.startswith(f"{root}ImageSets/Main/") for name in tree.names()) else "Segmentation"
    lists = {part: _names(tree, f"{root}ImageSets/{kind}/{part}.txt") for part in ("train", "val", "trainval", "test")}
    test = [name for name in lists["test"] if name in annotated]
    if test:
        training = lists["trainval"] or [*lists["train"], *lists["val"]]
    else:
        training, test = lists["train"], lists["val"]
    return dict.fromkeys(training, "train") | dict.fromkeys(test, "test")


def _names(tree: FileTree, file: str) -> list[str]:
    if file not in tree.names():
        return []
    return [line.split()[0] for line in tree.read(file).decode("utf-8", "replace").splitlines() if line.strip()]


def _boxes(annotation: Annotation, classes: list[str]) -> Boxes:
    return Boxes(
        corners=np.array(annotation.corners, np.float32).reshape(-1, 4),
        label=np.array([classes.index(name) for name in annotation.names], np.int64),
        difficult=np.array(annotation.difficult, bool),
    )
