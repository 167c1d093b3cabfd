"""What the doctor has to say, as plain data."""

from dataclasses import dataclass, field

from lessup.samples import Damage


@dataclass(frozen=True)
class Count:
    """How much there is of a class.

    Attributes:
        name: the class, ``unlabelled`` for what has none.
        samples: number of samples; an image counts for each of its tags.
        objects: number of objects, of which the samples are views.
    """

    name: str
    samples: int
    objects: int


@dataclass(frozen=True)
class Pair:
    """Two equal samples, or two that look the same, of different objects."""

    name: str
    equal_to: str


@dataclass(frozen=True)
class Fit:
    """Whether a method or protocol can work with the data.

    Attributes:
        name: its public name.
        problem: why it cannot; empty if it can.
    """

    name: str
    problem: str = ""


@dataclass(frozen=True, kw_only=True)
class Occupancy:
    """Share of occupied cells of a grid, in percent.

    Attributes:
        lowest: of the emptiest grid.
        lowest_name: the emptiest grid.
        mean: over all grids.
        highest: of the fullest grid.
        highest_name: the fullest grid.
    """

    lowest: float
    lowest_name: str
    mean: float
    highest: float
    highest_name: str


@dataclass(frozen=True, kw_only=True)
class Pictures:
    """Sizes of images, as they are decoded, and what is annotated.

    Attributes:
        channels: C.
        bits: of a channel, 8 or 16.
        smallest: width and height of the image with fewest pixels.
        smallest_name: that image.
        median: width and height in the middle.
        largest: width and height of the image with most pixels.
        tagged: images with a tag; 0 without tags.
        boxes: boxes in all images, difficult ones too; 0 without boxes.
        masks: images with a mask.
    """

    channels: int
    bits: int
    smallest: tuple[int, int]
    smallest_name: str
    median: tuple[int, int]
    largest: tuple[int, int]
    tagged: int
    boxes: int
    masks: int


@dataclass(frozen=True, kw_only=True)
class Recordings:
    """Lengths of sounds, and how they are stored.

    Attributes:
        seconds: of all together.
        shortest: seconds of the shortest sound.
        shortest_name: that sound.
        median: seconds in the middle.
        longest: seconds of the longest, after long recordings were cut.
        rates: number of sounds by samples a second as stored, most frequent first.
        channels: number of sounds by channels as stored, most frequent first.
    """

    seconds: float
    shortest: float
    shortest_name: str
    median: float
    longest: float
    rates: dict[int, int]
    channels: dict[int, int]


@dataclass(frozen=True)
class Wording:
    """The words of a text.

    Attributes:
        words: of all texts together.
        vocabulary: different words that occur often enough.
        rare: different words that do not, and are left out.
        kept: words that are left.
        commonest: the commonest words, with how often they occur.
    """

    words: int
    vocabulary: int
    rare: int
    kept: int
    commonest: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Footage:
    """What clips hold.

    Attributes:
        frames: of all together.
        seconds: of all together.
        shortest: seconds of the shortest clip.
        shortest_name: that clip.
        longest: seconds of the longest clip.
        longest_name: that clip.
        sizes: number of clips by width and height as shown, most frequent first.
        codecs: number of clips by codec of the pictures, most frequent first.
        streams: of any kind in all files.
        variable: clips whose frames do not follow one another at equal distances.
        turned: clips that are to be turned or mirrored to be upright, and are.
        without_sound: clips without sound that can be decoded.
        silent: clips with sound of which nothing is heard.
        rates: number of clips by samples a second of their sound, most frequent first.
        channels: number of clips by channels of their sound, most frequent first.
        poses: clips with a pose of the camera at every frame.
    """

    frames: int
    seconds: float
    shortest: float
    shortest_name: str
    longest: float
    longest_name: str
    sizes: dict[str, int]
    codecs: dict[str, int]
    streams: int
    variable: int
    turned: int
    without_sound: int
    silent: tuple[str, ...]
    rates: dict[int, int]
    channels: dict[int, int]
    poses: int


@dataclass(frozen=True, kw_only=True)
class Diagnosis:
    """What ``examine`` found; ``dataclasses.asdict`` makes it a dict that can be written as JSON.

    Attributes:
        path: what was examined.
        usable: whether ``lessup train`` can read it.
        problem: why it cannot.
        found: number of files by suffix, most frequent first.
        kind: the source that reads it.
        keys: what a sample holds.
        samples: number of samples.
        objects: number of objects.
        views: largest number of samples of one object.
        side: cells per side of a grid; 0 for other data.
        fingerprint: hash of the content.
        classes: by class, in order.
        official: number of samples by part of the data's own split; empty if it has none.
        corrupted: number of the data's own corrupted copies, by corruption.
        occupancy: how full the grids are; None for other data.
        pictures: sizes and annotations of images; None for other data.
        footage: what clips hold; None for other data.
        recordings: lengths of sounds; None for other data.
        damaged: left out, with the reason.
        empty: left out because no cell is occupied.
        silent: left out because nothing is heard.
        doubtful: used, with what is odd about them.
        duplicates: equal samples of different objects within one part.
        near: images that look the same as another without being equal, both of one part.
        near_leaks: test images that look the same as a training image without being equal, as the data's own split or
            the first of the default folds parts them.
        leaks: test samples that are equal to a training sample, or that show an object of the training part.
        methods: every method.
        protocols: every protocol.
        advice: what to keep in mind.
        command: what to run next; empty if nothing can be run.
    """

    path: str
    usable: bool
    problem: str = ""
    found: dict[str, int] = field(default_factory=dict)
    kind: str = ""
    keys: tuple[str, ...] = ()
    samples: int = 0
    objects: int = 0
    views: int = 0
    side: int = 0
    fingerprint: str = ""
    classes: tuple[Count, ...] = ()
    official: dict[str, int] = field(default_factory=dict)
    corrupted: dict[str, int] = field(default_factory=dict)
    occupancy: Occupancy | None = None
    pictures: Pictures | None = None
    footage: Footage | None = None
    recordings: Recordings | None = None
    wording: Wording | None = None
    damaged: tuple[Damage, ...] = ()
    empty: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    doubtful: tuple[Damage, ...] = ()
    duplicates: tuple[Pair, ...] = ()
    near: tuple[Pair, ...] = ()
    near_leaks: tuple[Pair, ...] = ()
    leaks: tuple[Pair, ...] = ()
    methods: tuple[Fit, ...] = ()
    protocols: tuple[Fit, ...] = ()
    advice: tuple[str, ...] = ()
    command: str = ""
