"""From sound files and what is known of them to ``Sounds``: what every source of sound files ends in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lessup.errors import DataError
from lessup.formats.file_tree import FileTree
from lessup.samples import Damage, Reading
from lessup.samples.assembly import fingerprint
from lessup.samples.sound_cache import sound_decodings
from lessup.samples.sounds import Sounds

_ESC = re.compile(r"(?:.*/)?(\d-\d+)-[A-Z](?:-\d+)?\.\w+")
"""Names of ESC-10 and ESC-50: fold and recording, the take, and the class."""


@dataclass(frozen=True, kw_only=True)
class SoundEntry:
    """One sound file of a source and what is known of it.

    Attributes:
        name: the file within its tree.
        id: unique and stable name; ``name`` if empty.
        label: class, or -1 where not known.
        official: ``train``, ``test`` or empty.
    """

    name: str
    id: str = ""
    label: int = -1
    official: str = ""


def build_sounds(
    tree: FileTree,
    entries: Sequence[SoundEntry],
    reading: Reading,
    *,
    classes: Sequence[str],
    damage: Sequence[Damage] = (),
) -> Sounds:
    """Decode the sounds of all entries, once and for all later runs, and put them together with what is known of them.

    The pieces of a recording are ``ID#0``, ``ID#1``, and one group; so are the takes of one recording that are named as
    ESC-50 names them.

    Args:
        tree: holds the files.
        entries: M >= 1 sound files with different ids, in the order that the samples shall have.
        reading: ``seconds``.
        classes: (K,) names.
        damage: what the source itself left out or found doubtful.

    Raises:
        DataError: there are no entries, or none can be used.
        MissingExtraError: the extra ``sound`` is not installed.
    """
    if not entries:
        raise DataError(f"no sounds in {tree.path}")
    made = sound_decodings(tree, [entry.name for entry in entries], reading)
    chosen = [entries[index] for index in made.source.tolist()]
    named = [entry.id or entry.name for entry in chosen]
    ids = [name if piece < 0 else f"{name}#{piece}" for name, piece in zip(named, made.piece.tolist(), strict=True)]
    groups = [recording_of(name) for name in named]
    label = np.array([entry.label for entry in chosen], np.int64)
    official = [entry.official for entry in chosen]
    usable = set(made.source.tolist())
    told = [
        Damage(entry.name, reason, skipped=number not in usable)
        for number, (entry, reason) in enumerate(zip(entries, made.reason.tolist(), strict=True))
        if reason
    ]
    return Sounds(
        waves=made.waves,
        id=np.array(ids, np.str_),
        label=label,
        classes=tuple(classes),
        group=np.unique(groups, return_inverse=True)[1].astype(np.int64),
        official=np.array(official, np.str_),
        fingerprint=fingerprint(made.key, *classes, "\n".join(ids), "\n".join(official), label),
        rate=made.rate[made.source],
        channels=made.channels[made.source],
        damage=(*damage, *told),
    )


def recording_of(name: str) -> str:
    """Return what the takes of one recording share: fold and recording of a name as ESC-50 has it, else the name.

    >>> recording_of("dog/1-100032-A-0.wav"), recording_of("dog/bark.wav")
    ('1-100032', 'dog/bark.wav')
    """
    found = _ESC.fullmatch(name)
    return found[1] if found else name
