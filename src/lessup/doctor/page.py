"""A diagnosis as plain text for a terminal."""

from collections.abc import Mapping, Sequence

from lessup.doctor.diagnosis import Count, Diagnosis, Footage, Pictures, Recordings, Wording

_SHOWN = 5
"""Names shown of each kind of finding."""

_CLASSES = 40
"""Classes shown."""


def render(diagnosis: Diagnosis) -> str:
    """Lay out a diagnosis as plain text for a terminal.

    >>> print(render(Diagnosis(path="photos", usable=False, problem="no shapes", found={".png": 3})))
    photos cannot be used: no shapes
    files: 3 .png
    """
    files = ", ".join(f"{count} {suffix}" for suffix, count in list(diagnosis.found.items())[:8]) or "none"
    if not diagnosis.usable:
        return f"{diagnosis.path} cannot be used: {diagnosis.problem}\nfiles: {files}"
    lines = [*_summary(diagnosis, files), *_class_lines(diagnosis)]
    lines += _listed("damaged, left out", [f"{d.name}: {d.reason}" for d in diagnosis.damaged])
    lines += _listed("empty, left out", diagnosis.empty)
    lines += _listed("silent, left out", diagnosis.silent)
    lines += _listed("doubtful, used", [f"{d.name}: {d.reason}" for d in diagnosis.doubtful])
    lines += _listed("equal to another", [f"{p.name} = {p.equal_to}" for p in diagnosis.duplicates])
    lines += _listed("looks like another", [f"{p.name} ~ {p.equal_to}" for p in diagnosis.near])
    across = [f"{p.name} ~ {p.equal_to}" for p in diagnosis.near_leaks]
    lines += _listed("test image looks like a training image", across)
    lines += _listed("test sample known from training", [f"{p.name} = {p.equal_to}" for p in diagnosis.leaks])
    for title, fits in (("methods", diagnosis.methods), ("protocols", diagnosis.protocols)):
        lines.append(f"{title} that fit: {', '.join(fit.name for fit in fits if not fit.problem) or 'none'}")
        lines += [f"  not {fit.name}: {fit.problem}" for fit in fits if fit.problem]
    lines += [f"note: {advice}" for advice in diagnosis.advice]
    return "\n".join([*lines, *([f"next: {diagnosis.command}"] if diagnosis.command else [])])


def _summary(diagnosis: Diagnosis, files: str) -> list[str]:
    grids = f" of {diagnosis.side}^3 cells" if diagnosis.side else ""
    views = f"{diagnosis.objects} objects" + (f", up to {diagnosis.views} views each" if diagnosis.views > 1 else "")
    count = f"{diagnosis.samples} images" if diagnosis.pictures else f"{diagnosis.samples} samples{grids} ({views})"
    if diagnosis.recordings:
        count = f"{diagnosis.samples} sounds of {diagnosis.objects} recordings"
    if diagnosis.footage:
        count = f"{diagnosis.samples} clips"
    if diagnosis.wording:
        count = f"{diagnosis.objects} texts in {diagnosis.samples} pieces"
    lines = [f"{diagnosis.path}: {diagnosis.kind}, {count}"]
    if diagnosis.found:
        lines.append(f"files: {files}")
    if diagnosis.official:
        lines.append("own split: " + ", ".join(f"{count} {part}" for part, count in diagnosis.official.items()))
    if diagnosis.corrupted:
        lines.append("own corrupted copies: " + ", ".join(f"{n} {name}" for name, n in diagnosis.corrupted.items()))
    if diagnosis.pictures is not None:
        lines += _picture_lines(diagnosis.pictures)
    if diagnosis.footage is not None:
        lines += _footage_lines(diagnosis.footage)
    if diagnosis.recordings is not None:
        lines.append(_recording_line(diagnosis.recordings))
    if diagnosis.wording is not None:
        lines.append(_wording_line(diagnosis.wording))
    if (full := diagnosis.occupancy) is not None:
        lines.append(
            f"occupied cells: {full.mean:.3g} % on average, from {full.lowest:.3g} % ({full.lowest_name}) "
            f"to {full.highest:.3g} % ({full.highest_name})"
        )
    return lines


def _picture_lines(pictures: Pictures) -> list[str]:
    small, middle, large = ("x".join(map(str, size)) for size in (pictures.smallest, pictures.median, pictures.largest))
    lines = [
        f"images: {pictures.channels} channels of {pictures.bits} bits; from {small} ({pictures.smallest_name}) "
        f"over {middle} to {large} pixels"
    ]
    if pictures.tagged:
        lines.append(f"tags: {pictures.tagged} images")
    if pictures.boxes:
        lines.append(f"boxes: {pictures.boxes}")
    if pictures.masks:
        lines.append(f"masks: {pictures.masks} images")
    return lines


def _recording_line(recordings: Recordings) -> str:
    rates = ", ".join(f"{rate} Hz ({count})" for rate, count in recordings.rates.items())
    channels = ", ".join(f"{number} ({count})" for number, count in recordings.channels.items())
    return (
        f"sounds: {recordings.seconds:.0f} s in all, from {recordings.shortest:.2f} s ({recordings.shortest_name}) "
        f"over {recordings.median:.2f} to {recordings.longest:.2f} s; stored at {rates}; channels: {channels}"
    )


def _wording_line(wording: Wording) -> str:
    common = ", ".join(f"{word} ({count})" for word, count in wording.commonest.items())
    return (
        f"words: {wording.words:,}, of which {wording.kept:,} are of the {wording.vocabulary:,} that are kept; "
        f"{wording.rare:,} different ones are too rare; commonest: {common}"
    )


def _footage_lines(footage: Footage) -> list[str]:
    sizes, codecs = (_counted(each) for each in (footage.sizes, footage.codecs))
    lines = [
        f"video: {footage.frames} frames in {footage.seconds:.0f} s, from {footage.shortest:.2f} s "
        f"({footage.shortest_name}) to {footage.longest:.2f} s ({footage.longest_name})",
        f"pixels: {sizes}; {codecs}; {footage.streams} streams in all",
    ]
    odd = {"of variable frame rate": footage.variable, "turned upright": footage.turned, "with poses": footage.poses}
    if any(odd.values()):
        lines.append("clips: " + ", ".join(f"{count} {what}" for what, count in odd.items() if count))
    rates = [f"{count} at {rate} Hz" for rate, count in list(footage.rates.items())[:_SHOWN]]
    stored = f"; {', '.join(rates)}; channels: {_counted(footage.channels)}" if rates else ""
    with_sound = sum(footage.rates.values())
    lines.append(
        f"sound: {with_sound} clips with, {footage.without_sound} without, {len(footage.silent)} silent{stored}"
    )
    return lines + _listed("silent, used", footage.silent)


def _counted(counts: Mapping[str, int] | Mapping[int, int]) -> str:
    """Name the most frequent, with their counts."""
    more = [f"{len(counts) - _SHOWN} more"] if len(counts) > _SHOWN else []
    return ", ".join([*(f"{name} ({count})" for name, count in list(counts.items())[:_SHOWN]), *more])


def _class_lines(diagnosis: Diagnosis) -> list[str]:
    """Lay out the classes, the middle of a long list left out."""
    classes = diagnosis.classes
    width = max((len(count.name) for count in classes), default=0)
    lines = [f"  {count.name:<{width}}  {_count(count, diagnosis)}" for count in classes]
    if len(lines) <= _CLASSES:
        return lines
    half = _CLASSES // 2
    return [*lines[:half], f"  ... {len(lines) - 2 * half} more classes (--json names all)", *lines[-half:]]


def _count(count: Count, diagnosis: Diagnosis) -> str:
    if diagnosis.pictures is not None or diagnosis.footage is not None:
        return f"{count.samples:>6} {'images' if diagnosis.pictures else 'clips'}"
    kinds = ("samples", "objects") if diagnosis.recordings is None else ("sounds", "recordings")
    return f"{count.samples:>6} {kinds[0]}  {count.objects:>6} {kinds[1]}"


def _listed(title: str, names: Sequence[str]) -> list[str]:
    if not names:
        return []
    more = [f"  and {len(names) - _SHOWN} more (--json names all)"] if len(names) > _SHOWN else []
    return [f"{title}: {len(names)}", *(f"  {name}" for name in names[:_SHOWN]), *more]
