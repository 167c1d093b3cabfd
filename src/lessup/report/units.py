"""What single units look for: pictures with the region that excites a unit, and the sound that is heard there."""

import numpy as np

from lessup.errors import DataError
from lessup.report import wav
from lessup.report.grids import Figures, named
from lessup.report.patches import photograph
from lessup.report.strips import Picture, strip


def unit_strips(figures: Figures) -> str:
    """Write the images that excite each unit most, as HTML; empty without one.

    Args:
        figures: of units.

    Raises:
        DataError: the figures do not fit together.
    """
    if "patch" not in figures:
        return ""
    patches = figures["patch"]
    if patches.dtype != np.uint8 or patches.ndim != 5:
        raise DataError("figure 'patch' holds no uint8 pixels: evaluate again")
    shape = patches.shape[:2]
    unit, agreement = (named(figures, name, shape[:1]) for name in ("unit", "agreement"))
    names, sounds = named(figures, "id", shape), _addresses(figures, shape)
    rows = []
    for row, number in enumerate(unit.tolist()):
        share = float(agreement[row])
        told = f"<p>Unit {int(number)}{'' if np.isnan(share) else f': {share:.0f} % of one class'}</p>"
        pictures = [
            Picture(photograph(pixels, enlarged=1), str(name), sound=sound)
            for pixels, name, sound in zip(patches[row].view(np.uint8), names[row], sounds[row], strict=True)
        ]
        rows.append(f"<div>{told}{strip(pictures)}</div>")
    note = (
        "Images of different clips or groups that excite a unit most, the strongest first; bright where it is excited."
    )
    heard = " Sounds are those around each frame." if "sound" in figures else ""
    return f'<div class="pairs units">{"".join(rows)}</div><p class="note">{note}{heard}</p>'


def _addresses(figures: Figures, shape: tuple[int, ...]) -> list[list[str]]:
    """Return the address of each sound; empty where there is none."""
    if "sound" not in figures:
        return [[""] * shape[1] for _ in range(shape[0])]
    sound, length, rate = figures["sound"], named(figures, "length", shape), named(figures, "rate", ())
    longest = sound.shape[-1] if sound.ndim else 0
    whole = sound.dtype == np.uint8 and sound.shape[:-1] == shape and length.dtype.kind == rate.dtype.kind == "i"
    if not whole or length.min(initial=0) < 0 or length.max(initial=0) > longest or not 0 < int(rate) < 1e6:
        raise DataError("figure 'sound' does not fit its lengths: evaluate again")
    return [
        [wav.data_uri(one[:count].view(np.uint8), int(rate)) if count else "" for one, count in zip(*row, strict=True)]
        for row in zip(sound, length.tolist(), strict=True)
    ]
