"""Which methods and protocols can work with the data."""

from collections.abc import Sequence

from lessup import discovery, evaluation, methods
from lessup.doctor.diagnosis import Fit
from lessup.errors import DataError, LessupError
from lessup.methods import Method
from lessup.samples import Samples
from lessup.samples.clip_frames import frame_keys
from lessup.samples.clips import Clips
from lessup.samples.label_draws import labelled


def method_fits(samples: Samples) -> tuple[dict[str, type[Method]], tuple[Fit, ...]]:
    """Return the methods that fit by name, and what is to be said of every method; none is instantiated."""
    fitting, fits = {}, []
    for name in discovery.names("methods"):
        try:
            method = methods.load(name)
            _check_reads(method.reads, samples)
            method.configured(method.Config(), samples)
        except LessupError as error:
            fits.append(Fit(name, str(error)))
        else:
            fitting[name] = method
            fits.append(Fit(name))
    return fitting, tuple(fits)


def protocol_fits(samples: Samples, fitting: dict[str, type[Method]]) -> tuple[Fit, ...]:
    """Return what is to be said of every protocol, given the methods that fit."""
    fits = []
    for name in discovery.names("evaluation"):
        try:
            protocol = evaluation.load(name)
            _check_reads(protocol.reads, samples)
            if not any(issubclass(method, protocol.needs) for method in fitting.values()):
                measured = ", ".join(evaluation.measured_by(protocol)) or "no method yet"
                raise DataError(f"measures {measured}, none of which fits this data")
        except LessupError as error:
            fits.append(Fit(name, str(error)))
        else:
            fits.append(Fit(name))
    return tuple(fits)


def _check_reads(reads: Sequence[str], samples: Samples) -> None:
    has = samples.keys
    if isinstance(samples, Clips) and "image" in reads:
        has = (*frame_keys(samples), "pair")
    missing = [key for key in reads if key not in has]
    if missing:
        raise DataError(f"reads {', '.join(missing)}, which these samples do not have")
    if "label" in reads and not labelled(samples).any():
        raise DataError(f"reads labels, and none of {len(samples)} samples has one")
