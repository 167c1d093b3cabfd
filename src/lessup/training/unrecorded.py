"""Training as part of a measurement: nothing is left behind but the weights."""

import tempfile
from dataclasses import replace
from pathlib import Path

from lessup import training
from lessup.methods import Method
from lessup.runs import Run, Training
from lessup.samples import Samples
from lessup.samples.splits import Split


def fit_unrecorded(method: Method, samples: Samples, settings: Training) -> Method:
    """Train a method on samples where it is, in a folder that is thrown away, and return it in ``eval`` mode.

    Args:
        method: trained in place.
        samples: all are trained on.
        settings: how; there is one checkpoint and no validation.

    Raises:
        DataError: the samples do not have what the method reads.
    """
    device = method.device
    nothing = samples.take(samples.group[:0])
    settings = replace(settings, checkpoint_every=settings.steps, validate_every=0)
    with tempfile.TemporaryDirectory() as folder:
        parts = Split(train=samples, validation=nothing, test=nothing)
        training.fit(method.train(), parts, settings, Run.create(Path(folder) / "run"))
    return method.eval().to(device)
