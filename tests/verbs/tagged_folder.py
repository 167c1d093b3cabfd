"""A folder of images of one or two bright things with a table of tags, for tests of masks from tags."""

from pathlib import Path

import numpy as np
from PIL import Image

CLASSES = ("red", "green", "blue")


def lay_out(folder: Path, count: int = 10, *, masks: bool = False, table: str = "tags.csv") -> Path:
    """Write images/, a table and, if asked for, masks/ and labels.txt; the last two images are for testing."""
    rng = np.random.default_rng(0)
    (folder / "images").mkdir(parents=True)
    lines = ["image,tags,split"]
    for number in range(count):
        image, mask = rng.integers(0, 60, (56, 72, 3)), np.zeros((56, 72), np.uint8)
        shown = [number % 3] + ([(number + 1) % 3] if number % 2 else [])
        for place, label in enumerate(shown):
            area = slice(10, 40), slice(6 + 34 * place, 34 + 34 * place)
            image[(*area, label)] += 180
            mask[area] = 1 + label
        Image.fromarray(image.astype(np.uint8)).save(folder / "images" / f"{number:02d}.png")
        split = "test" if number >= count - 2 else "train"
        lines.append(f"{number:02d}.png,{' | '.join(CLASSES[label] for label in shown)},{split}")
        if masks:
            (folder / "masks").mkdir(exist_ok=True)
            Image.fromarray(mask).save(folder / "masks" / f"{number:02d}.png")
    if masks:
        (folder / "labels.txt").write_text("\n".join(["background", *CLASSES]))
    (folder / table).write_text("\n".join(lines) + "\n")
    return folder
