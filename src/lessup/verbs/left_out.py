"""Say what of a data set could not be used, before anything is done with the rest."""

import sys

from lessup.runs.files import is_first_process
from lessup.samples import Samples


def left_out(samples: Samples, data: str) -> str:
    """Return one sentence that counts what was left out and names the first; empty if nothing was.

    Args:
        samples: the data as it was read.
        data: its path or name.
    """
    skipped = [one for one in samples.damage if one.skipped]
    if not skipped:
        return ""
    first = f"{skipped[0].name}: {skipped[0].reason}"
    return f"{len(skipped)} of {data} left out, such as {first} (all of them: `lessup doctor {data}`)"


def say_left_out(samples: Samples, data: str) -> None:
    """Write that sentence to standard error, once for all processes of a run."""
    sentence = left_out(samples, data)
    if sentence and is_first_process():
        print(sentence, file=sys.stderr)
