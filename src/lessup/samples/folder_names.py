"""What the place of a file in a folder of shapes says: class, official part, object and view.

Known layouts, all told by the same rules: ``CLASS/file``, ``train/CLASS/file``, ModelNet's
``CLASS/train/CLASS_0001.off``, 3DShapeNets' ``CLASS/30/train/CLASS_0001_3.mat``, ShapeNet's
``CLASS/OBJECT/model.binvox``, and files in no folder.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath

_SIDE = re.compile(r"\d{1,3}")
_OBJECT_AND_VIEW = re.compile(r"(.+_\d+)_(\d{1,4})")


@dataclass(frozen=True)
class Place:
    """What a file's place says.

    Attributes:
        class_name: the folder above ``train`` or ``test``, or above the grids' side between them; where neither is
            above, the first folder; empty if there is none.
        official: ``train``, ``test`` or empty.
        object: folder and name without the number of the view; equal for the views of one object.
        view: number of the view, 0 if the name has none.
    """

    class_name: str
    official: str
    object: str
    view: int


def place_of(file: PurePath) -> Place:
    """Read the place of a file from its path relative to the folder of shapes.

    A name that ends in two numbers, ``chair_0001_3``, is view 3 of object ``chair_0001``.

    >>> place_of(PurePath("chair/30/train/chair_0001_3.mat"))
    Place(class_name='chair', official='train', object='chair/30/train/chair_0001', view=3)
    """
    folders = file.parts[:-1]
    part = next((i for i, folder in enumerate(folders) if folder.lower() in ("train", "test")), None)
    above, below = (folders[:part], folders[part + 1 :]) if part is not None else ((), folders)
    named = [folder for folder in above if not _SIDE.fullmatch(folder)] or above
    class_name = named[-1] if named else (below[0] if below else "")
    official = folders[part].lower() if part is not None else ""
    numbered = _OBJECT_AND_VIEW.fullmatch(file.stem)
    stem, view = (numbered[1], int(numbered[2])) if numbered else (file.stem, 0)
    return Place(class_name, official, (file.parent / stem).as_posix(), view)


def class_labels(places: Sequence[Place]) -> tuple[list[int], tuple[str, ...]]:
    """Number the classes of files in alphabetical order.

    Returns:
        N labels, -1 for a file in no class folder, and the K names.
    """
    classes = tuple(sorted({place.class_name for place in places} - {""}))
    number = {name: label for label, name in enumerate(classes)} | {"": -1}
    return [number[place.class_name] for place in places], classes
