"""How every protocol is shown: one module a field, in the order in which a report shows them."""

from collections.abc import Iterable

from lessup.report.presentation import Presentation
from lessup.report.presentations import classifiers, distances, inspections, new_classes, regions, shapes, words

_PRESENTATIONS = {
    **shapes.PRESENTATIONS,
    **inspections.PRESENTATIONS,
    **classifiers.PRESENTATIONS,
    **distances.PRESENTATIONS,
    **new_classes.PRESENTATIONS,
    **words.PRESENTATIONS,
    **regions.PRESENTATIONS,
}


def in_order(protocols: Iterable[str]) -> list[str]:
    """Sort protocols as they are listed here, those not known here behind, by name."""
    known = list(_PRESENTATIONS)
    return sorted(protocols, key=lambda name: (known.index(name) if name in known else len(known), name))


def presentation(protocol: str) -> Presentation:
    """Return how a protocol is shown; one that is not known here is shown by its name alone.

    >>> presentation("sound-retrieval").title
    'Sound retrieval'
    """
    title = protocol.replace("-", " ").capitalize()
    return _PRESENTATIONS.get(protocol, Presentation(title))
