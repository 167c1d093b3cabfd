"""`lessup segment --data DATA --tags tags.csv --out RUN`: from tags to masks and a segmenter.

Source: Oh et al., *Exploiting Saliency for Object Segmentation from Image Level Labels*, 2017,
https://arxiv.org/abs/1701.08261; the stages are in ``masks/stages.py``.
"""

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from lessup import data as sources
from lessup.data import image_table
from lessup.errors import RunError, UsageError
from lessup.masks.mask_files import write_masks
from lessup.runs import figures_file
from lessup.runs.files import is_occupied, write_json
from lessup.runs.provenance import provenance
from lessup.runs.within import FIGURES, RECORD
from lessup.samples import Reading
from lessup.samples.images import Images
from lessup.samples.label_draws import targets
from lessup.verbs.left_out import say_left_out
from lessup.verbs.tag_stages import SALIENCY, FromTagsConfig, TagStages, learnt_from, load_saliency_network, say


def segment_from_tags(
    data: str,
    out: str | Path,
    *,
    tags: str = "",
    config: FromTagsConfig | None = None,
    reading: Reading | None = None,
    overlays: bool = True,
    device: str = "cpu",
) -> dict[str, Any]:
    """Learn from tags to segment: find seeds and what is salient, make guide labels, train a segmenter on them.

    What a stage found stays in ``OUT/stages`` and is used again by a run with the same data and settings; one that was
    stopped goes on. Images of the data's own test part are left alone, and so are masks that it has, unless the config
    asks for them.

    Args:
        data: path or name of the images.
        out: folder to write ``masks/``, ``overlays/`` and ``labels.txt`` of the images to, and ``segment.json``.
        tags: table of image and tags; those of the data itself if empty.
        config: how.
        reading: how the data is read.
        overlays: whether pictures of image and mask are written.
        device: where to compute.

    Returns:
        The content of ``segment.json``.

    Raises:
        UsageError: a setting is out of range, or no network for saliency is where one is said to be.
        DataError: the data is no images, none of them has tags, or masks are asked for and there are none.
        RunError: the folder holds something else, or cannot be written.
    """
    config, reading, out = config or FromTagsConfig(), reading or Reading(), Path(out)
    _check(config, reading, out, device)
    samples = image_table.load_named(Path(data), Path(tags), reading) if tags else sources.load(data, reading)
    say_left_out(samples, data)
    images, notes = learnt_from(samples, data)
    if notes:
        say(*notes)
    begun = {"data": data, "tags": tags, "settings": asdict(config), "images": len(images), "notes": notes}
    write_json(out / RECORD, {**begun, **provenance()})
    stages = TagStages(replace(images, masks=None), images.masks, data, out, config, reading, device)
    guide, threshold = stages.labels()
    labels = guide
    for _ in range(config.rounds):
        segmenter, run = stages.segmenter(labels)
        labels = stages.found(segmenter, run)
    masks = labels.maps
    classes = write_masks(out, images, (masks[index][..., 0] for index in range(len(masks))), overlays=overlays)
    figures_file.write(out / FIGURES, stages.figures(guide, labels, threshold))
    place = run.relative_to(out).as_posix()
    record = {
        **begun,
        "threshold": threshold,
        "segmenter": place,
        "classes": _with_tags(classes, images),
        **provenance(),
    }
    write_json(out / RECORD, record)
    return record


def _with_tags(classes: dict[str, Any], images: Images) -> dict[str, Any]:
    """Add to every class how many images have its tag, and how many have it alone."""
    tags = targets(images) == 1
    alone = tags & (tags.sum(1) == 1)[:, None]
    counts = zip(images.classes, tags.sum(0).tolist(), alone.sum(0).tolist(), strict=True)
    return classes | {name: {"tagged": own, "alone": single, **classes[name]} for name, own, single in counts}


def _check(config: FromTagsConfig, reading: Reading, out: Path, device: str) -> None:
    if config.rounds < 1 or not 0 <= config.threshold <= 1 or min(config.seeder_steps, config.segmenter_steps) < 0:
        raise UsageError("wanted --rounds of 1 or more, a --threshold from 0 to 1, and steps of 0 or more")
    if reading.masks == "boxes":
        raise UsageError("boxes have no part in tags: `lessup train deeplab --masks boxes`, then --saliency RUN here")
    if config.saliency not in SALIENCY:
        load_saliency_network(config.saliency, device=device)
    if is_occupied(out) and not (out / RECORD).is_file():
        raise RunError(f"{out} holds something else already: pass another --out (nothing was written)")
