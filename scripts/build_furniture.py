"""Build the embedded furniture: Sweet Home 3D's free models, voxelised and bit-packed.

    apt-get install sweethome3d-furniture
    python scripts/build_furniture.py

Writes ``src/lessup/data/furniture.npz`` and ``src/lessup/data/FURNITURE_ATTRIBUTION.md``, the same bytes each time.
Models under CC-0 or CC-BY alone are used. What a model is, its name in the catalogue says; names that stand in no class
below are left out and counted.
"""

import argparse
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lessup.formats.mesh import Mesh, turn_up
from lessup.formats.obj import parse_obj
from lessup.samples import storage
from lessup.samples.assembly import assemble
from lessup.samples.voxels import first_equal, pack
from lessup.transforms.voxelize import voxelize

NUM_VIEWS = 12

NAMES = {
    "armchair": ["Armchair", "Modern armchair", "Rattan armchair", "Winchester armchair"],
    "bed": [
        *("Baby bed", "Bed", "Bunk bed", "Captain's bed", "Child bed", "Crib", "Day bed", "Hospital bed"),
        *("Iron bed", "Mezzanine bed"),
    ],
    "bookcase": ["Bookcase", "Full bookcase", "Shelves", "Vertical shelves"],
    "cabinet": [
        *("Cupboard", "Drawers cabinet", "Dresser with drawers", "Filing cabinet", "Glass door cabinet"),
        *("High cabinet", "Locked locker", "Lower cabinet", "Small lower cabinet", "Small upper cabinet"),
        *("Upper cabinet", "Wardrobe"),
    ],
    "chair": [
        *("Cafe chair", "Chair", "Chair with cushion", "Child chair", "Children chair", "Folding chair"),
        *("Oak chair", "Osaka chair", "Plastic chair", "Teck chair"),
    ],
    "desk": ["Desk", "Desk table", "Wooden desk"],
    "door": ["Door", "Double door", "Double door with panes", "Exterior door", "Glass door", "Screen door"],
    "lamp": ["Desk lamp", "Lamp", "Little lamp", "Pedestal vase lamp"],
    "sofa": [
        *("Burlap sofa", "Clear sofa", "Convertible sofa BZ", "Corner sofa", "Couch", "Futon couch"),
        *("Rattan sofa", "Sofa", "Sofa 2 seats", "Sofa 3 seats", "Winchester sofa"),
    ],
    "table": [
        *("Bar table", "Black table", "Cafe table", "Children table", "Coffee table", "Folding table", "Glass table"),
        *("Oak table", "Rattan table", "Round table", "Table", "Table on trestles", "Table with tablecloth"),
        *("Technical table", "Wooden alder table", "Wooden table", "Wooden teak table"),
    ],
}
"""Class: names of its models in the catalogue."""

LICENCES = {
    "BlendSwap-CC-0": "[CC-0 1.0](https://creativecommons.org/publicdomain/zero/1.0/)",
    "BlendSwap-CC-BY": "[CC-BY 3.0](https://creativecommons.org/licenses/by/3.0/)",
    "KatorLegaz": "[CC-BY 3.0 US](https://creativecommons.org/licenses/by/3.0/us/)",
    "Scopia": "[CC-BY 3.0](https://creativecommons.org/licenses/by/3.0/)",
}
"""Archive: its licence, as its LICENSE.TXT and Debian's copyright file state it; the only ones that are read."""

CREDITS = {
    "BlendSwap-CC-0": "of Blend Swap, cleaned and converted to OBJ by Emmanuel Puybaret",
    "BlendSwap-CC-BY": "of Blend Swap, cleaned and converted to OBJ by Emmanuel Puybaret",
    "KatorLegaz": "(Andrew Kator & Jennifer Legaz, © 2003-2008)",
    "Scopia": "(Emmanuel Puybaret / eTeks and Scopia Visual Interfaces Systems, s.l., http://www.scopia.es)",
}


@dataclass(frozen=True)
class Model:
    """One entry of an archive's catalogue."""

    archive: str
    name: str
    creator: str
    path: str
    rotation: str
    link: str

    @property
    def label(self) -> str | None:
        """Its class, None if its name is in none."""
        return next((label for label, names in NAMES.items() if self.name in names), None)

    @property
    def id(self) -> str:
        """``chair/scopia-plastic_chair``."""
        return f"{self.label}/{self.archive.lower()}-{Path(self.path).stem}"


def read_catalogue(archive: zipfile.ZipFile, name: str) -> list[Model]:
    """Read the models that an .sh3f archive lists, in Java's properties format."""
    text = archive.read("PluginFurnitureCatalog.properties").decode("latin-1")
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text)
    entries: dict[int, dict[str, str]] = {}
    for key, number, value in re.findall(r"^(\w+)#(\d+)=(.*?)\s*$", text, re.MULTILINE):
        entries.setdefault(int(number), {})[key] = value
    return [
        Model(
            archive=name,
            name=entry["name"],
            creator=entry["creator"],
            path=entry["model"].lstrip("/"),
            rotation=entry.get("modelRotation", "1 0 0 0 1 0 0 0 1"),
            link=read_link(archive, entry["model"].lstrip("/")),
        )
        for entry in entries.values()
    ]


def read_link(archive: zipfile.ZipFile, model: str) -> str:
    """Return where the licence file beside a model says that it comes from, empty if there is none."""
    notice = f"{model.rpartition('/')[0]}/BLENDSWAP_LICENSE.txt"
    if notice not in archive.namelist():
        return ""
    return "".join(re.findall(r"Downloaded from (http\S+)", archive.read(notice).decode("latin-1"))[:1])


def read_model(archive: zipfile.ZipFile, model: Model) -> Mesh:
    """Read a model and turn it as the catalogue says, then from y up to z up."""
    vertices, faces = parse_obj(archive.read(model.path), model.path)
    rotation = np.array(model.rotation.split(), np.float64).reshape(3, 3)
    return turn_up(vertices @ rotation.T), faces


def attribution(models: list[Model]) -> str:
    """Write the Markdown page that names every model, its author and its licence."""
    rows = [
        f"| {model.label} | {f'[{model.name}]({model.link})' if model.link else model.name} (`{model.path}`) "
        f"| {model.creator} | {LICENCES[model.archive]} |"
        for model in models
    ]
    credits = [f"- `{name}`: {CREDITS[name]}; {LICENCES[name]}" for name in LICENCES]
    return "\n".join(
        [
            "# Where the embedded furniture comes from",
            "",
            f"`furniture.npz` holds {len(models)} models of Sweet Home 3D's additional furniture libraries,",
            "version 1.8 (http://www.sweethome3d.com/importModels.jsp, Debian package `sweethome3d-furniture`).",
            "**Changed from the originals:** each is voxelised to solid grids of 30 cells a side in 12 rotations;",
            "colour, texture and size are gone. Made by `scripts/build_furniture.py`.",
            "",
            *credits,
            "",
            "| class | model | author | licence |",
            "| --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def main() -> None:
    """Voxelise every model of a known class and write both files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--archives", type=Path, default=Path("/usr/share/sweethome3d/furniture"))
    parser.add_argument("--out", type=Path, default=Path("src/lessup/data"))
    arguments = parser.parse_args()

    grids: dict[Model, np.ndarray] = {}
    left_out: Counter[str] = Counter()
    for name in LICENCES:
        with zipfile.ZipFile(arguments.archives / f"{name}.sh3f") as archive:
            for model in read_catalogue(archive, name):
                if model.label is None:
                    left_out[model.name] += 1
                    continue
                grids[model] = voxelize(*read_model(archive, model), num_views=NUM_VIEWS).grids
    models = sorted(grids, key=lambda model: model.id)
    bits = np.stack([pack(grids[model]) for model in models])  # (N, R, bytes)
    is_first = first_equal(bits.reshape(len(models), -1)) == np.arange(len(models))
    for model, first in zip(models, is_first, strict=True):
        if not first:
            print(f"left out: {model.id} looks like one before")
    models, bits = [model for model, first in zip(models, is_first, strict=True) if first], bits[is_first]

    classes = sorted(NAMES)
    views = np.tile(np.arange(NUM_VIEWS), len(models))
    voxels = assemble(
        "furniture",
        bits=bits.reshape(len(views), -1),
        side=30,
        label=np.repeat([classes.index(str(model.label)) for model in models], NUM_VIEWS),
        classes=classes,
        group=np.repeat(np.arange(len(models)), NUM_VIEWS),
        view=views,
        official=np.full(len(views), ""),
        id=[f"{model.id}/{view:02d}" for model in models for view in range(NUM_VIEWS)],
    )
    storage.save(arguments.out / "furniture.npz", voxels)
    (arguments.out / "FURNITURE_ATTRIBUTION.md").write_text(attribution(models), encoding="utf-8")
    counts = Counter(model.label for model in models)
    print(f"{len(models)} models in {len(counts)} classes: {dict(sorted(counts.items()))}")
    print(f"left out: {left_out.total()} models of {len(left_out)} names that stand in no class")
    print(f"{(arguments.out / 'furniture.npz').stat().st_size} bytes")


if __name__ == "__main__":
    main()
