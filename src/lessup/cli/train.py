"""`lessup train METHOD --data DATA --out RUN`."""

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from lessup import discovery, verbs
from lessup.cli.flags import asked_first, parse
from lessup.errors import UsageError
from lessup.runs import Run


@dataclass(frozen=True, kw_only=True)
class TrainFlags:
    """What to train on and where to leave the run.

    Attributes:
        data: folder, file or embedded data set such as `furniture`.
        out: run folder.
        recipe: settings to start from (`lessup list recipes`); `cpu` if not given.
        from_: config.json of a run to repeat.
        resume: continue the run in --out from its last checkpoint.
        overwrite: replace the run in --out.
    """

    data: str
    out: Path
    recipe: str | None = None
    from_: Annotated[Path | None, tyro.conf.arg(name="from")] = None
    resume: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False
    overwrite: Annotated[bool, tyro.conf.FlagCreatePairsOff] = False


def run(words: list[str]) -> int:
    """Train a method; every field of its config is a flag."""
    method = words[0] if words and not words[0].startswith("-") else None
    words = words[1:] if method else words
    start = _start(method, words)
    groups = {
        "run": TrainFlags(data=start.data or tyro.MISSING, out=tyro.MISSING),
        "method": start.config,
        "training": start.training,
        "reading": start.reading,
        "folds": start.folds,
        "given": start.given,
    }
    about = discovery.summary("methods", start.method)
    given = parse(words, groups, prog=f"lessup train {start.method}", description=about)
    settings = verbs.Settings(
        method=start.method,
        config=given.method,
        training=given.training,
        data=given.run.data,
        reading=given.reading,
        folds=given.folds,
        given=given.given,
    )
    trained = verbs.train(settings, given.run.out, overwrite=given.run.overwrite, resume=given.run.resume)
    following = f"lessup evaluate {trained.path} --protocol {verbs.next_protocol(trained)}"
    print(f"trained: {trained.path}; next: {following}", file=sys.stderr)
    return 0


def _start(method: str | None, words: list[str]) -> verbs.Settings:
    """Return the settings that the flags start from: those of a run, or a recipe."""
    asked = asked_first(words, "recipe", "from", "out")
    if "--resume" in words and asked["out"]:
        return _of_run(Run.open(asked["out"]).path / "config.json", method)
    if asked["from"]:
        if asked["recipe"]:
            raise UsageError("--recipe and --from both give the settings to start from: pass one of them")
        return _of_run(Path(asked["from"]), method)
    if method is None:
        raise UsageError(f"which method? One of {', '.join(discovery.names('methods'))} (`lessup train METHOD --help`)")
    return verbs.settings(method, "", recipe=asked["recipe"] or "cpu")


def _of_run(config_file: Path, method: str | None) -> verbs.Settings:
    try:
        settings = verbs.Settings.of(json.loads(config_file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{config_file}: wanted the config.json of a run ({error})") from error
    if method is not None and method.replace("_", "-") != settings.method:
        raise UsageError(f"{config_file} is a run of {settings.method}, not of {method}: leave the method out")
    return settings
