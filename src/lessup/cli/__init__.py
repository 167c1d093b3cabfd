"""The command line: one command is one module with a ``run(words)`` that parses, calls one verb and prints.

Exit codes: 0 done, 1 failed, 2 wrong usage or unusable data. Help for the whole program is plain text and imports
nothing heavy; a command's flags come from the signature of its function, those of a method or protocol from its config.
"""

import difflib
import importlib
import os
import sys
from collections.abc import Callable, Sequence

from lessup.errors import LessupError, UsageError

Runner = Callable[[list[str]], int]

COMMANDS = {
    "list": ("methods|protocols|recipes|data", "what there is"),
    "doctor": ("DATA", "what is in here, what is broken, which methods fit, what to run next"),
    "train": ("METHOD --data DATA --out RUN", "train a method and leave a run folder"),
    "encode": ("RUN... --data DATA --out FILE", "features of a data set, as features.npz"),
    "evaluate": ("RUN --protocol P", "measure a run on the part of the data that it has not seen"),
    "compare": ("RUN... --protocol P", "several runs under one protocol or more, in one table"),
    "neighbors": ("RUN --data DATA --query FILE...", "the samples most like a file, or an item of the data"),
    "localize": ("RUN --data DATA --out DIR", "where a classifier sees its classes: maps and boxes"),
    "discover": (
        "concepts|answers --data DATA --out DIR",
        "concepts of captions, or answers to questions, and where they are seen",
    ),
    "segment": (
        "--data DATA --tags FILE --out RUN",
        "tags in, masks and a segmenter out; --from RUN: masks of new images",
    ),
    "label": ("--data DATA --labels FILE --out FILE", "a few labels in, labels for all out, and what to label next"),
    "advise": ("--data DATA --out FILE", "what helps on your data with 1 label a class, or 2, 5, 10, 50, in one table"),
    "repair": ("RUN SHAPE... --out DIR", "denoise or complete shapes"),
    "blend": ("RUN SHAPE_A SHAPE_B --out DIR", "a strip of shapes between two"),
    "shard": ("DATA --out DIR", "many files as a few tar archives, which every command reads in their place"),
    "report": ("RUN... --out FILE", "one self-contained page"),
}
"""Synopsis and meaning of every command, in the order of a first use."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return the exit code.

    Args:
        arguments: words of the command line; those of the process if not given.
    """
    words = [*(sys.argv[1:] if arguments is None else arguments)]  # `list` is a command of this package
    if not words or words[0] in ("-h", "--help"):
        print(_overview())
        return 0 if words else 2
    if words[0] == "--version":
        from importlib.metadata import version

        print(f"lessup {version('lessup')}")
        return 0
    try:
        code = _command(words[0])(words[1:])
        sys.stdout.flush()
    except LessupError as error:
        print(f"lessup: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever reads, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python writes out at its end
        return 1
    except KeyboardInterrupt:
        print("lessup: stopped; what was written so far is kept", file=sys.stderr)
        return 1
    return code


def _command(name: str) -> Runner:
    if name not in COMMANDS:
        near = difflib.get_close_matches(name, COMMANDS, n=1)
        hint = f"did you mean `lessup {near[0]}`?" if near else f"wanted one of {', '.join(COMMANDS)}"
        raise UsageError(f"no command {name!r}: {hint}")
    run: Runner = importlib.import_module(f"lessup.cli.{name}").run
    return run


def _overview() -> str:
    width = max(len(f"{name} {synopsis}") for name, (synopsis, _) in COMMANDS.items())
    lines = [f"  lessup {f'{name} {synopsis}':<{width}}  {meaning}" for name, (synopsis, meaning) in COMMANDS.items()]
    return "\n".join(
        [
            "lessup: learn from images, 3D shapes, video and sound with few labels or none",
            "",
            *lines,
            "",
            "`lessup COMMAND --help` shows a command's flags, `lessup train METHOD --help` those of a method.",
            "Exit codes: 0 done, 1 failed, 2 wrong usage or unusable data.",
        ]
    )
