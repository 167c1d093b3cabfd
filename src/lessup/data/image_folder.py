"""A folder of images, or a zip or tar of one: the first level of folders that differs gives the classes.

Any of these layouts, told apart by the names of the folders::

    cat/1.jpg, dog/old/2.png             one folder a class, whatever lies below it (as torchvision's ``ImageFolder``)
    Photos/cat/1.jpg, Photos/dog/2.png   the same below folders that hold everything, as archives have them
    train/cat/1.jpg, test/dog/2.jpg      an official split; ``val`` is the test part if ``test`` has no labels
    1.jpg, 2.jpg                         no classes

With ``--nested``, folders of classes lie in folders of super-classes, such as ``Latin/a/1.png``; then whole
super-classes can be held out, and classes be told within one. Where images of one level lie beside class folders, they
have no label. With ``train``, ``val`` and ``test``, ``val``
joins the training part, from which lessup holds its own validation part back. Caltech-101 as it is published has 102
classes so: its folder ``BACKGROUND_Google`` is kept as one.
"""

from collections import Counter
from pathlib import Path
from posixpath import splitext

from lessup.errors import DataError
from lessup.formats import grid, mesh, sound_file, video_file
from lessup.formats.file_tree import is_tree, open_tree
from lessup.formats.image_file import SUFFIXES
from lessup.samples import Damage, Reading
from lessup.samples.class_folders import layout
from lessup.samples.image_entries import Entry, build_images
from lessup.samples.images import Images

wanted = "a folder, zip or tar of images (.jpg, .png, .webp, .tif, ...), one sub-folder a class"
general = True


def recognises(path: Path) -> bool:
    """Tell whether images are there that are no textures of meshes and no pictures beside grids, sounds or videos."""
    if not is_tree(path):
        return False
    suffixes = Counter(_suffix(name) for name in open_tree(path).names())
    images = sum(suffixes[suffix] for suffix in SUFFIXES)
    kinds = (grid.SUFFIXES, sound_file.SUFFIXES, video_file.SUFFIXES)
    others = max(sum(suffixes[suffix] for suffix in each) for each in kinds)
    return images > others and not any(suffixes[each] for each in mesh.SUFFIXES)


def load(path: Path, reading: Reading) -> Images:
    """Load every image below a folder or in an archive, through a cache beside it.

    Args:
        path: the folder or archive.
        reading: ``size``, ``colour``, ``max_megapixels`` and ``nested``.

    Raises:
        DataError: there are no images, none can be used, or classes do not lie in super-classes as they should.
    """
    tree = open_tree(path)
    names = [name for name in tree.names() if _suffix(name) in SUFFIXES]
    if not names:
        raise DataError(f"no images in {path}: wanted {', '.join(SUFFIXES)}")
    found = layout(names, nested=reading.nested)
    if reading.nested and not found.classes:
        raise DataError(
            f"{path}: no folders of classes in folders of super-classes, such as {names[0]}: leave out --nested"
        )
    entries = [Entry(name=one.name, id=one.id, label=one.label, official=one.official) for one in found.files]
    unlabelled = f"{found.num_unlabelled} images without labels; val is the test part"
    damage = [Damage("test", unlabelled)] if found.num_unlabelled else []
    superclasses = [name.rpartition("/")[0] for name in found.classes] if reading.nested else []
    return build_images(tree, entries, reading, classes=found.classes, damage=damage, superclasses=superclasses)


def _suffix(name: str) -> str:
    return splitext(name)[1].lower()
