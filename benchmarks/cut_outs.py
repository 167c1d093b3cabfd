"""Make images whose objects, backgrounds and masks are known: objects cut out of photographs and pasted on others.

    python benchmarks/garments.py --out runs/data/garments
    python benchmarks/cut_outs.py --garments runs/data/garments --out runs/data/cut-outs

Garments come from the training images of `garments.py` that have a mask, animals and vehicles from
`coco-captions-mini.tar`, as far as the photographs' licences allow changes; backgrounds are Caltech-101's
BACKGROUND_Google, of which pictures that are nearly the same are used once. One to three objects of different classes
lie on each, as large as in their own photograph, within a fifth, some mirrored; later ones cover earlier ones, by a
tenth at most where there is room. Backgrounds may show things of these classes, too, which masks do not tell.

One theme goes with one class, as rails go with trains: printed pages are under 85 % of the images with a bag, and under
no others. The theme is the background whose 70 nearest by colours and edges are nearest, and these.

Objects and backgrounds of the 500 test images come from other pictures than those of the 2,000 training images. All is
drawn from a seed; the hash of what is written is printed. Backgrounds are 96 pixels high, so everything is blurred as
much as they are when they are brought to 192; masks are not.

    OUT/images/train-0000.jpg  OUT/masks/train-0000.png  OUT/labels.txt  OUT/tags.csv (image, tags, split)
    OUT/sources.csv: COCO's photographs with their licences
"""

import argparse
import csv
import io
import json
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from garments import DATA, content_hash, name_hash, write_table

GARMENTS = ("bag", "dress", "skirt", "trousers", "outerwear", "top")
"""Classes whose objects are large enough, and many."""

OTHERS = ("animal", "vehicle")
"""What COCO calls supercategories."""

CLASSES = (*GARMENTS, *OTHERS)
THEME_CLASS = "bag"
THEME_SHARE = 0.85
THEME_SIZE = 70

NO_CHANGES = (3, 6)
"""COCO's numbers of the licences that allow no derivatives."""

SIDE = 192
"""Pixels on the short side of an image."""

LEAST_SHARE = 0.01
"""Of its photograph that an object covers."""

TEST_OBJECTS, TEST_GROUNDS = 0.25, 0.2
"""Share of the photographs, and of the backgrounds, that the test images are made of."""

ALIKE = 0.03
"""Mean difference of two backgrounds, reduced to 16 pixels, below which they are the same picture."""

TRIES = 30
"""Places tried for an object."""

COVERED = 0.1
"""Share of an object that another may cover."""


@dataclass(frozen=True, eq=False)
class Cut:
    """An object with its surroundings.

    Attributes:
        label: name of its class.
        source: name of its photograph.
        pixels: (H, W, 3) uint8.
        inside: (H, W) bool, which of them are the object.
        height: of the photograph.
    """

    label: str
    source: str
    pixels: NDArray[np.uint8]
    inside: NDArray[np.bool_]
    height: int


@dataclass(frozen=True, eq=False)
class Ground:
    """A background and whether it belongs to the theme."""

    name: str
    picture: Image.Image
    in_theme: bool


def main() -> None:
    """Make the data and print its hash."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="a folder that is not there")
    parser.add_argument("--garments", type=Path, required=True, help="what garments.py wrote")
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--train", type=int, default=2_000)
    parser.add_argument("--test", type=int, default=500)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    cuts = garment_cuts(asked.garments)
    others, licences = coco_cuts(asked.data / "coco-captions-mini.tar")
    grounds = read_grounds(asked.data / "caltech101-96px.tar")
    asked.out.mkdir(parents=True)
    make(asked.out, cuts + others, grounds, counts={"train": asked.train, "test": asked.test}, seed=asked.seed)
    with (asked.out / "sources.csv").open("w", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([("photograph", "licence", "url"), *licences])
    print(f"{asked.out}: {content_hash(asked.out)}")


def garment_cuts(folder: Path) -> list[Cut]:
    """Cut the garments out of the training images that have a mask."""
    names = (folder / "labels.txt").read_text().split()
    cuts = []
    for row in csv.DictReader((folder / "tags.csv").read_text().splitlines()):
        mask = folder / "masks" / Path(row["image"]).with_suffix(".png").name
        if row["split"] == "train" and mask.exists():
            pixels, numbers = np.asarray(Image.open(folder / "images" / row["image"])), np.asarray(Image.open(mask))
            cuts += [cut(pixels, numbers == names.index(label), label, row["image"]) for label in GARMENTS]
    return [one for one in cuts if one]


def coco_cuts(archive: Path) -> tuple[list[Cut], list[tuple[str, str, str]]]:
    """Cut out what COCO outlines, not at the rim, in photographs that may be changed; and name these photographs."""
    cuts, licences = [], {}
    with tarfile.open(archive) as tar:
        for part in ("train2017", "val2017"):
            content = json.loads(_read(tar, f"coco/annotations/instances_{part}.json"))
            groups = {one["id"]: one["supercategory"] for one in content["categories"]}
            terms = {one["id"]: one["name"] for one in content["licenses"]}
            photographs = {one["id"]: one for one in content["images"] if one["license"] not in NO_CHANGES}
            for outline in content["annotations"]:
                photograph, group = photographs.get(outline["image_id"]), groups[outline["category_id"]]
                if photograph is None or group not in OTHERS or outline["iscrowd"]:
                    continue
                pixels = np.asarray(_opened(tar, f"coco/{part}/{photograph['file_name']}"))
                inside = drawn(outline["segmentation"], (pixels.shape[0], pixels.shape[1]))
                if inside[[0, 1, -2, -1]].any() or inside[:, [0, 1, -2, -1]].any():
                    continue
                if one := cut(pixels, inside, group, photograph["file_name"]):
                    cuts.append(one)
                    licences[one.source] = (one.source, terms[photograph["license"]], photograph["flickr_url"])
    return cuts, sorted(licences.values())


def cut(pixels: NDArray[np.uint8], inside: NDArray[np.bool_], label: str, source: str) -> Cut | None:
    """Cut a box around an object; None where it is too small."""
    if inside.mean() < LEAST_SHARE:
        return None
    rows, columns = (np.flatnonzero(inside.any(axis)) for axis in (1, 0))
    box = slice(rows[0], rows[-1] + 1), slice(columns[0], columns[-1] + 1)
    return Cut(label, source, pixels[box], inside[box], pixels.shape[0])


def drawn(polygons: Sequence[Sequence[float]], size: tuple[int, int]) -> NDArray[np.bool_]:
    """Return (H, W) which pixels lie within polygons of x, y, x, y ..."""
    picture = Image.new("1", size[::-1])
    for polygon in polygons:
        ImageDraw.Draw(picture).polygon(polygon, fill=1)
    return np.asarray(picture)


def read_grounds(archive: Path) -> list[Ground]:
    """Return the backgrounds that are not the same picture as an earlier one, and which belong to the theme."""
    with tarfile.open(archive) as tar:
        names = sorted(name for name in tar.getnames() if "/BACKGROUND_Google/" in name and name.endswith(".jpg"))
        pictures = [_opened(tar, name) for name in names]
    kept = different(pictures)
    theme = densest(np.stack([looks(pictures[index]) for index in kept]), min(THEME_SIZE, len(kept) // 3))
    return [Ground(Path(names[index]).name, pictures[index], place in theme) for place, index in enumerate(kept)]


def different(pictures: Sequence[Image.Image]) -> list[int]:
    """Return the places of pictures that are not like an earlier one."""
    kept: list[int] = []
    small = [np.asarray(picture.convert("L").resize((16, 16))).astype(float) / 255 for picture in pictures]
    for index, one in enumerate(small):
        if all(np.abs(one - small[other]).mean() > ALIKE for other in kept):
            kept.append(index)
    return kept


def looks(picture: Image.Image) -> NDArray[np.float64]:
    """Return what a picture looks like: the colours of nine parts, their spread, and how strong edges are."""
    from skimage.color import rgb2lab

    lab = rgb2lab(np.asarray(picture.resize((96, 96), Image.Resampling.BILINEAR)))
    edges = np.hypot(*np.gradient(lab[..., 0]))
    parts = lab.reshape(3, 32, 3, 32, 3).mean(axis=(1, 3))
    return np.concatenate([parts.ravel(), 2 * lab.std(axis=(0, 1)), 3 * np.quantile(edges, [0.25, 0.5, 0.75, 0.9])])


def densest(points: NDArray[np.float64], count: int) -> set[int]:
    """Return the places of that point and its neighbours, ``count`` in all, which lie nearest to it."""
    distance = np.sqrt(np.square(points[:, None] - points).sum(axis=2))
    centre = np.sort(distance, axis=1)[:, count - 1].argmin()
    return set(np.argsort(distance[centre], kind="stable")[:count].tolist())


def make(
    out: Path, cuts: Sequence[Cut], grounds: Sequence[Ground], *, counts: Mapping[str, int], seed: int = 0
) -> None:
    """Write images, masks and the table.

    Args:
        out: a folder that is there.
        cuts: objects.
        grounds: backgrounds.
        counts: images by part, `train` and `test`.
        seed: of all draws.
    """
    for name in ("images", "masks"):
        (out / name).mkdir()
    held_out = tested(cuts, grounds)
    lines = []
    for part, count in counts.items():
        own = [one for one in cuts if (one.source in held_out) == (part == "test")]
        below = [one for one in grounds if (one.name in held_out) == (part == "test")]
        for number in range(count):
            generator = np.random.default_rng((seed, part == "test", number))
            chosen = drawn_cuts(own, generator)
            pixels, mask = composed(chosen, drawn_ground(below, chosen, generator), generator)
            name = f"{part}-{number:04d}"
            Image.fromarray(pixels).save(out / "images" / f"{name}.jpg", quality=92)
            Image.fromarray(mask).save(out / "masks" / f"{name}.png", optimize=True)
            tags = [label for place, label in enumerate(CLASSES) if (mask == 1 + place).any()]
            lines.append((f"{name}.jpg", tags, part))
    write_table(out, CLASSES, lines)


def tested(cuts: Sequence[Cut], grounds: Sequence[Ground]) -> set[str]:
    """Return the photographs and backgrounds that test images are made of: a share of those of every kind."""
    kinds = [[one.source for one in cuts if one.label in labels] for labels in (GARMENTS, *([each] for each in OTHERS))]
    found = [last_by_hash(names, TEST_OBJECTS) for names in kinds if names]
    themes = [[one.name for one in grounds if one.in_theme == in_theme] for in_theme in (True, False)]
    return set().union(*found, *(last_by_hash(names, TEST_GROUNDS) for names in themes))


def last_by_hash(names: Sequence[str], share: float) -> set[str]:
    """Return a share of the different names, those whose hashes are highest; at least one."""
    ordered = sorted(set(names), key=name_hash)
    return set(ordered[-max(round(share * len(ordered)), 1) :])


def drawn_cuts(cuts: Sequence[Cut], generator: np.random.Generator) -> list[Cut]:
    """Draw one to three objects of different classes."""
    by_class = {label: [one for one in cuts if one.label == label] for label in CLASSES}
    there = [label for label in CLASSES if by_class[label]]
    labels = generator.choice(there, min(generator.integers(1, 4), len(there)), replace=False)
    return [by_class[label][generator.integers(len(by_class[label]))] for label in labels]


def drawn_ground(grounds: Sequence[Ground], cuts: Sequence[Cut], generator: np.random.Generator) -> Ground:
    """Draw a background: often of the theme under the theme's class, never under others."""
    themed = any(one.label == THEME_CLASS for one in cuts) and generator.random() < THEME_SHARE
    fitting = [ground for ground in grounds if ground.in_theme == themed]
    return fitting[generator.integers(len(fitting))]


def composed(
    cuts: Sequence[Cut], ground: Ground, generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Paste objects on a background one after the other.

    Returns:
        (H, W, 3) pixels; (H, W) 0 background, 1 + class.
    """
    size = scaled_size(ground.picture.size, SIDE / min(ground.picture.size))
    picture = ground.picture.resize(size, Image.Resampling.BICUBIC)
    if generator.random() < 0.5:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    mask = np.zeros((size[1], size[0]), np.uint8)
    for one in cuts:
        pixels, opacity = sized(one, size, generator)
        solid = np.asarray(opacity) >= 128
        left, top = place(mask, solid, generator)
        picture.paste(pixels, (left, top), opacity)
        mask[top : top + solid.shape[0], left : left + solid.shape[1]][solid] = 1 + CLASSES.index(one.label)
    blurred = picture.resize(scaled_size(size, 0.5), Image.Resampling.BOX).resize(size, Image.Resampling.BICUBIC)
    return np.asarray(blurred), mask


def sized(one: Cut, size: tuple[int, int], generator: np.random.Generator) -> tuple[Image.Image, Image.Image]:
    """Return an object and its opacity, as large as in its photograph, within a fifth; some mirrored."""
    height, width = one.inside.shape
    factor = size[1] / one.height * generator.uniform(0.8, 1.2)
    target = scaled_size((width, height), min(factor, 0.9 * size[0] / width, 0.9 * size[1] / height))
    pictures = [Image.fromarray(one.pixels), Image.fromarray(255 * one.inside.astype(np.uint8))]
    if generator.random() < 0.5:
        pictures = [picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT) for picture in pictures]
    pixels, opacity = (picture.resize(target, Image.Resampling.BILINEAR) for picture in pictures)
    return pixels, opacity


def place(mask: NDArray[np.uint8], solid: NDArray[np.bool_], generator: np.random.Generator) -> tuple[int, int]:
    """Return left and top of a place within the image where an object covers little of the others."""
    (height, width), areas = solid.shape, np.bincount(mask.ravel(), minlength=1 + len(CLASSES))
    best, least = (0, 0), np.inf
    for _ in range(TRIES):
        left = int(generator.integers(mask.shape[1] - width + 1))
        top = int(generator.integers(mask.shape[0] - height + 1))
        below = np.bincount(mask[top : top + height, left : left + width][solid], minlength=len(areas))
        covered = float((below[1:] / areas[1:].clip(min=1)).max())
        if covered < least:
            best, least = (left, top), covered
        if least <= COVERED:
            break
    return best


def scaled_size(size: tuple[int, int], factor: float) -> tuple[int, int]:
    """Return a width and a height times a factor, at least 1."""
    return max(round(size[0] * factor), 1), max(round(size[1] * factor), 1)


def _opened(tar: tarfile.TarFile, name: str) -> Image.Image:
    return Image.open(io.BytesIO(_read(tar, name))).convert("RGB")


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file, name
    return file.read()


if __name__ == "__main__":
    main()
