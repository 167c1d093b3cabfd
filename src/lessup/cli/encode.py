"""`lessup encode RUN... --data DATA --out features.npz`; of words `lessup encode RUN --out vectors.bin`."""

import sys
from pathlib import Path
from typing import Annotated

import tyro

from lessup import verbs


def encode(
    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN...")],
    out: Path,
    data: str | None = None,
    layer: str | None = None,
    device: str = "cpu",
) -> int:
    """Encode a data set with a trained method, or with several, whose features then stand side by side; or its words.

    Args:
        runs: run folder, or several: the features of each are brought to length 1 and joined.
        out: features.npz to write: x (N, D) float32, id, label, classes; of words also .bin, .txt or .vec of word2vec.
        data: folder, file or embedded data set; if not given, the words that the run knows.
        layer: named layer of every method; its default if not given.
        device: where to compute, such as `cpu` or `cuda`.
    """
    print(f"wrote {verbs.encode(runs, data, out, layer=layer, device=device)}", file=sys.stderr)
    return 0


def run(words: list[str]) -> int:
    """Parse and encode."""
    return tyro.cli(encode, args=words, prog="lessup encode")
