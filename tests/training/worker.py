"""Trains a toy in a process of its own: ``worker.py RUN METHOD KILL_AT SETTINGS``."""

import json
import os
import signal
import sys

import torch
import training_toys
from training_toys import Width

from lessup import methods
from lessup.runs import Run
from lessup.training import build


def main() -> None:
    path, name, kill_at, settings = sys.argv[1:]
    torch.set_num_threads(1)
    methods.load = training_toys.TOYS.__getitem__
    method = build(name, Width(), seed=0)
    if int(kill_at):
        method.at, method.act = int(kill_at), lambda: os.kill(os.getpid(), signal.SIGKILL)
    training_toys.train(Run.open(path), method, resume=True, **json.loads(settings))


if __name__ == "__main__":
    main()
