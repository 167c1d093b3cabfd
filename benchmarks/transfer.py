"""Train several methods by their recipes and put them into one table of `lessup compare`.

    python benchmarks/transfer.py --name transfer-caltech --data ../shared/data/tiny-imagenet-100per.tar \
        --runs "context-prediction cpu" "autoencoder cpu" "context-encoder features" "bigan cpu" "k-means cpu" \
        "supervised cpu" --on ../shared/data/caltech101-96px.tar --protocols "linear-svm --images-per-class 30"

Runs stay in runs/benchmarks/ under METHOD-RECIPE-DATA; one that was interrupted is resumed, one that is done is taken
as it is. A run may bring flags of `lessup train`, within quotes. The supervised row is one of the runs, trained on what
the others are trained on, and not the one that `lessup compare` would train on what is measured.
"""

import argparse
import json
import os
import re
import shlex
import time
from pathlib import Path

import record
from run import lessup


def arguments() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", required=True, help="of the result")
    parser.add_argument("--data", required=True, help="to train on")
    parser.add_argument("--runs", nargs="+", required=True, help="METHOD RECIPE and maybe flags, each within quotes")
    parser.add_argument("--on", required=True, help="to measure on")
    parser.add_argument("--protocols", nargs="+", required=True, help="each with its flags, such as 'knn --k 10'")
    return parser.parse_args()


def trained(asked: str, data: str) -> Path:
    """Train what is asked for unless it is there, and return its run folder."""
    method, recipe, *flags = shlex.split(asked)
    name = re.sub(r"[^\w.]+", "-", " ".join([method, recipe, Path(data).name.split(".")[0], *flags]))
    run = Path(os.path.relpath(record.ROOT / "runs" / "benchmarks" / name))
    run.parent.mkdir(parents=True, exist_ok=True)
    if (run / "checkpoints" / "last.ckpt").exists():
        lessup("train", "--resume", "--out", str(run))
    else:
        lessup("train", method, "--recipe", recipe, "--data", data, "--out", str(run), *flags)
    return run


def main() -> None:
    """Train, compare, record."""
    asked = arguments()
    runs = [trained(one, asked.data) for one in asked.runs]
    start = time.perf_counter()
    protocols = [word for protocol in asked.protocols for word in ("--protocol", protocol)]
    table = json.loads(lessup("compare", *map(str, runs), "--data", asked.on, *protocols, "--no-supervised", "--json"))
    seconds = round(time.perf_counter() - start)
    configs = {run.name: json.loads((run / "config.json").read_text()) for run in runs}
    record.write(asked.name, {"seconds_measuring": seconds, "table": table, "runs": configs})


if __name__ == "__main__":
    main()
