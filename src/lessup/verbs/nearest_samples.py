"""`lessup neighbors`: the samples of a data set that a trained network finds most like some files, or items of it."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lessup.errors import DataError, UsageError
from lessup.experiments import Settings
from lessup.features import encode_all
from lessup.formats.image_file import with_channels
from lessup.formats.video_file import SUFFIXES as VIDEOS
from lessup.masks.overlays import photograph
from lessup.probes.nearest import Metric, Neighbours, nearest_of_others
from lessup.report import png, thumbnail
from lessup.report.contact_sheet import Tile, contact_sheet
from lessup.runs.files import write_whole
from lessup.samples import Reading, Samples
from lessup.samples.image_decoding import decode_file
from lessup.samples.images import Images, Ragged
from lessup.samples.voxels import Voxels, pack, unpack
from lessup.shapes.files import read_shape, refuse_existing
from lessup.verbs.trained import load, load_like
from lessup.verbs.words import nearest_words, words_of


def neighbors(
    run: str | Path,
    data: str | None,
    queries: Sequence[str | Path],
    *,
    count: int = 5,
    layer: str | None = None,
    metric: Metric = "cosine",
    out: str | Path | None = None,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Find the samples of a data set that are most like each of some files or items, by their features.

    An item of the data finds neither itself nor others of its group, such as views of one shape; a file finds whatever
    there is, itself too.

    Args:
        run: run folder.
        data: path or name of the data to search; read as the run read its own. None searches the words that it knows.
        queries: words; names of items of the data, or image or shape files.
        count: how many are found for each.
        layer: named layer; the method's default if not given.
        metric: what is near.
        out: PNG to write, a row for each query: itself, then what was found; nothing is written if not given.
        device: where to compute.
        overwrite: write over a file that exists.

    Returns:
        ``layer``, ``metric`` and ``queries``: for each its ``query`` and its ``neighbors``, the nearest first, with
        ``name``, ``class`` (None where not known) and ``cosine`` in [-1, 1] or Euclidean ``distance``.

    Raises:
        UsageError: a query is neither a file nor an item, too many or no neighbours are asked for, there is no such
            layer, or ``out`` is no PNG.
        DataError: the data or a file is not of the kind that the network reads.
        RunError: the run cannot be read; ``out`` exists, or cannot be written.
    """
    if out is not None and Path(out).suffix.lower() != ".png":
        raise UsageError(f"{out}: wanted a name that ends in .png")
    if out is not None and not overwrite:
        refuse_existing([Path(out)])
    if not queries:
        raise UsageError("nothing asks: wanted a file or an item of the data")
    folder, method = load(run, device=device)
    layer = method.chosen(layer)
    if data is None:
        if out is not None:
            raise UsageError("words have no picture: leave --out away")
        return nearest_words(words_of(method, run), [str(query) for query in queries], count=count, metric=metric)
    samples = load_like(folder, method, data)
    asked = [_asked(str(query), samples, Settings.of(folder.config).reading, data) for query in queries]
    features = np.concatenate([encode_all(method, one, layer=layer) for one in asked])
    found = nearest_of_others(
        torch.from_numpy(features),
        torch.from_numpy(encode_all(method, samples, layer=layer)),
        count,
        own=torch.from_numpy(np.concatenate([one.group for one in asked])),
        group=torch.from_numpy(samples.group),
        metric=metric,
    )
    answers = [
        {"query": str(query), "neighbors": _answers(samples, found, place, metric)}
        for place, query in enumerate(queries)
    ]
    if out is not None:
        write_whole(Path(out), png.encoded(_sheet(asked, samples, found, answers)))
    return {"layer": layer, "metric": metric, "queries": answers}


def _asked(query: str, samples: Samples, reading: Reading, data: str) -> Samples:
    """Return the one sample that asks, of group -1 where it comes from a file."""
    place = np.flatnonzero(samples.id == query)
    if len(place):
        return samples.take(place)
    if not Path(query).is_file():
        raise UsageError(f"{query} is no file and no item of {data}: its items have names such as {samples.id[0]}")
    if Path(query).suffix.lower() in VIDEOS:
        raise UsageError(f"{query} is a video: pass a picture, or an item of {data}, such as {samples.id[0]}")
    none = samples.take(np.arange(0))
    known: dict[str, Any] = {
        "id": np.array([query]),
        "label": np.array([-1]),
        "group": np.array([-1]),
        "official": np.array([""]),
    }
    if isinstance(none, Voxels):
        grid = read_shape(Path(query), replace(reading, side=none.side))
        zero = np.zeros(1, np.int64)
        return replace(none, bits=pack(grid[None]), view=zero, row=zero, corrupted={}, **known)
    assert isinstance(none, Images)
    decoded = decode_file(Path(query), reading)
    try:
        pixels = Ragged.of([with_channels(decoded.pixels, none.channels)])
    except DataError as error:
        raise DataError(f"{query}: {error}") from error
    return replace(none, pixels=pixels, tags=None, boxes=None, masks=None, original=None, moments=None, **known)


def _answers(samples: Samples, found: Neighbours, place: int, metric: Metric) -> list[dict[str, Any]]:
    answers = []
    for index, distance in zip(found.index[place].tolist(), found.distance[place].tolist(), strict=True):
        label = int(samples.label[index])
        near = {"cosine": 1 - distance} if metric == "cosine" else {"distance": distance}
        name = str(samples.id[index])
        answers.append({"name": name, "class": samples.classes[label] if label >= 0 else None, **near})
    return answers


def _sheet(
    asked: Sequence[Samples], samples: Samples, found: Neighbours, answers: Sequence[dict[str, Any]]
) -> NDArray[np.uint8]:
    """Draw a row for each query."""
    rows = []
    for one, index, answer in zip(asked, found.index.tolist(), answers, strict=True):
        row = [Tile(_picture(one, 0), (str(answer["query"]), "query"))]
        for near, told in zip(index, answer["neighbors"], strict=True):
            value = f"cosine {told['cosine']:.3f}" if "cosine" in told else f"distance {told['distance']:.4g}"
            row.append(Tile(_picture(samples, near), (told["name"], value)))
        rows.append(row)
    return contact_sheet(rows)


def _picture(samples: Samples, index: int) -> NDArray[np.uint8]:
    """Return (H, W, 3) of one sample."""
    if isinstance(samples, Images):
        return photograph(samples.pixels[index])
    assert isinstance(samples, Voxels)
    grid = unpack(torch.from_numpy(samples.bits[index : index + 1]), samples.side)[0].numpy()
    drawn = thumbnail.picture(grid)
    return np.where(drawn[..., 3:] > 0, drawn[..., :3], 255).astype(np.uint8)
