"""`lessup segment --from RUN`: masks of new images by a trained segmenter."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from lessup.errors import RunError, UsageError
from lessup.masks.dense_crf import FINAL
from lessup.masks.mask_files import write_masks
from lessup.masks.segmenter import LabelMapConfig, label_maps
from lessup.methods import Segmenter
from lessup.runs.files import is_occupied, write_json
from lessup.runs.provenance import provenance
from lessup.samples.images import Images
from lessup.verbs.trained import load, load_like


def segment(
    run: str | Path,
    data: str,
    out: str | Path,
    *,
    crf: bool = True,
    overlays: bool = True,
    device: str = "cpu",
    overwrite: bool = False,
) -> dict[str, Any]:
    """Segment images by a trained segmenter, and write masks, pictures and a summary into a folder.

    Args:
        run: run folder of a segmenter, or what ``segment_from_tags`` left.
        data: path or name of the images; read as the run read its own.
        out: folder to write ``masks/``, ``overlays/``, ``labels.txt`` and ``summary.json`` to.
        crf: whether a dense CRF follows the network.
        overlays: whether pictures of image and mask are written.
        device: where to compute.
        overwrite: write into a folder that holds files.

    Returns:
        The content of ``summary.json``.

    Raises:
        UsageError: the run is no segmenter's.
        DataError: the data is no images, or of other channels.
        RunError: there is no such run; the folder holds files, or cannot be written.
    """
    out = Path(out)
    folder, segmenter = load(run, device=device)
    if not isinstance(segmenter, Segmenter):
        raise UsageError(f"{folder.path} holds {folder.config['method']}, which segments nothing: train deeplab")
    if is_occupied(out) and not overwrite:
        raise RunError(f"{out} holds something already: pass another --out or --overwrite (nothing was written)")
    samples = load_like(folder, segmenter, data)
    assert isinstance(samples, Images)  # a segmenter reads nothing else
    images = _bare(samples, folder.config["data"]["classes"])
    maps = label_maps(segmenter, images, np.arange(len(images)), LabelMapConfig(crf=FINAL if crf else None))
    summary = {
        "segmenter": str(folder.path),
        "data": data,
        "images": len(images),
        "left_out": [asdict(one) for one in images.damage if one.skipped],
        "crf": crf,
        "classes": write_masks(out, images, maps, overlays=overlays),
        **provenance(),
    }
    write_json(out / "summary.json", summary)
    return summary


def _bare(images: Images, classes: Sequence[str]) -> Images:
    """Return images of which nothing is known, with the classes of a network."""
    label = np.full(len(images), -1)
    return replace(images, classes=tuple(classes), label=label, tags=None, boxes=None, masks=None)
