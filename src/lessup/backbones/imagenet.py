"""What networks trained on ImageNet expect of their images."""

MEAN = (0.485, 0.456, 0.406)
"""Mean colour, red first, as a share of white."""

STD = (0.229, 0.224, 0.225)
"""Standard deviation of each colour."""


def per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Return one value a channel if there are as many, else their average for all.

    >>> per_channel((0.0, 0.5, 1.0), channels=4)
    (0.5,)
    """
    return values if channels == len(values) else (sum(values) / len(values),)
