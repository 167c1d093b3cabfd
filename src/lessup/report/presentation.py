"""How each protocol is shown: its title, what its numbers mean and which way is better."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Presentation:
    """What a reader needs beside the numbers of a protocol.

    Attributes:
        title: heading.
        sentence: what was measured, in which unit.
        lower_is_better: by metric, and so its settings that are not named themselves (``accuracy`` for
            ``accuracy_5``); nothing is marked best where it is None or not named.
        columns: what a metric is called above its column.
        rows: what a row is called.
        headline: regular expression of the metrics that stand for the protocol beside others; the first one with a
            better way if not given.
    """

    title: str
    sentence: str = ""
    lower_is_better: Mapping[str, bool | None] = field(default_factory=dict)
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: Mapping[str, str] = field(default_factory=dict)
    headline: str = ""

    def lower(self, metric: str) -> bool | None:
        """Tell whether less of a metric is better; one of a setting, such as ``accuracy_5``, goes by its stem.

        >>> Presentation("", lower_is_better={"accuracy": False}).lower("accuracy_at_fc6")
        False
        """
        name = metric.partition("/")[0]
        known = [stem for stem in self.lower_is_better if name == stem or name.startswith(f"{stem}_")]
        return self.lower_is_better[max(known, key=len)] if known else None

    def headlines(self, metrics: Iterable[str]) -> list[str]:
        """Return which of some metrics stand for the protocol, at least one of them if there are any.

        >>> Presentation("", headline="accuracy_[0-9]+").headlines(["accuracy_1", "accuracy_1_whole", "accuracy_5"])
        ['accuracy_1', 'accuracy_5']
        """
        overall = [metric for metric in metrics if "/" not in metric]
        chosen = [metric for metric in overall if self.headline and re.fullmatch(self.headline, metric)]
        return chosen or [metric for metric in self.lower_is_better if metric in overall][:1] or overall[:1]


_REPAIR_COLUMNS = {
    "rand_30": "30 % of cells",
    "rand_50": "50 % of cells",
    "dist_10": "10 % of slices",
    "dist_20": "20 % of slices",
    "dist_30": "30 % of slices",
    "half": "one half",
    "view": "all but one view",
}

_FEATURE_ROWS = {"chance": "chance", "raw_voxels": "raw voxels", "random": "untrained network"}

_IMAGE_ROWS = {
    **_FEATURE_ROWS,
    "magic_init": "untrained network, magic-init",
    "from_scratch": "trained from scratch",
    "fine_tuned": "fine-tuned",
}

_DECISIONS = {
    "accuracy": "accuracy",
    "class_mean": "mean over classes",
    "map": "mAP, no interpolation",
    "map_all_point": "mAP, all points",
    "map_11_point": "mAP, 11 points",
}

_VIEWS = {"whole": "whole image", "central": "central crop", "crop": "crop", "both": "whole image and crop"}

_RIGHT = (
    "Right answers on held-out samples in percent, over samples and as mean over classes; where samples have several "
    "classes, mean average precision in percent. Higher is better. "
)

_LOCALISED = {
    "given": "class given",
    "top1": "and named first",
    "top5": "and among five",
    "top1_class": "class named first",
    "top5_class": "class among five",
    "max_box_accuracy": "best threshold (MaxBoxAcc)",
    "max_box_accuracy_v2": "MaxBoxAccV2",
    "mean_box_accuracy": "mean over thresholds",
    "pixel_ap": "pixels (PxAP)",
}

_VERIFIED = {
    "eer": "equal error rate",
    "fr_at_10": "false rejects at 10 % false accepts",
    "fr_at_7_5": "at 7.5 %",
    "fr_at_5": "at 5 %",
}

_TRAINED = {"fc8": "the classifier", "fc6_8": "fc6 to fc8", "all": "all layers"}

_PRESENTATIONS = {
    "shape-repair": Presentation(
        title="Shape repair",
        sentence="Cells that differ from the clean shape after repair, as a share of 24 x 24 x 24 cells in percent: "
        "mean over the held-out shapes of a class, then over classes. Lower is better. The columns say what was "
        "removed. Doing nothing and a local filter set the marks to beat.",
        lower_is_better=dict.fromkeys(_REPAIR_COLUMNS, True),
        columns=_REPAIR_COLUMNS,
        rows={"identity": "unchanged", "empty": "empty grid", "closing": "3 x 3 x 3 closing"},
    ),
    "shape-classification": Presentation(
        title="Shape classification",
        sentence="Share of held-out shapes whose class is found, in percent, by a linear classifier on frozen "
        "features unless the row says otherwise. Higher is better. An object's views are counted one by one, or "
        "their scores are added up to one answer an object.",
        lower_is_better={"accuracy_view": False, "accuracy_object": False},
        columns={"accuracy_view": "by view", "accuracy_object": "by object"},
        rows={**_FEATURE_ROWS, "fine_tuned": "fine-tuned", "voxnet": "VoxNet, supervised"},
    ),
    "shape-retrieval": Presentation(
        title="Shape retrieval",
        sentence="Every held-out shape asks for those of its class among all others, by cosine of the features: mean "
        "average precision over classes, in percent. Higher is better. The other views of its own object are easy "
        "finds; the second column leaves them out.",
        lower_is_better={"map": False, "map_other_objects": False},
        columns={"map": "all views", "map_other_objects": "other objects alone"},
        rows=_FEATURE_ROWS,
    ),
    "shape-blending": Presentation(
        title="Shape blending",
        sentence="Shapes decoded between the codes of two shapes. Evenness is the largest step over the mean step, of "
        "the probabilities or of the cells that cross 0.5: 1 is a shape that changes evenly. The last column is the "
        "fewest occupied cells along the way, in percent of the smaller end: a low one is a shape that falls apart.",
        columns={
            "smoothness": "evenness, probabilities",
            "smoothness_occupied": "evenness, cells",
            "occupancy": "fewest cells, %",
        },
        rows={"linear": "mixing the cells"},
    ),
    "pretext": Presentation(
        title="The task of the training itself",
        sentence="What every training step logs, measured on held-out samples without learning: mean over samples. "
        "Scrambled: the channels of every image have changed places, so that its colours are wrong.",
        lower_is_better={"loss": True, "loss_scrambled": True, "accuracy": False, "accuracy_scrambled": False},
        rows=_FEATURE_ROWS,
    ),
    "sound-prediction": Presentation(
        title="Which sound goes with a frame?",
        sentence="Frames of held-out clips: the share of which the cluster of the sound around is told rightly, in "
        "percent, and its mean over clusters; of a binary code, the share of bits. Higher is better. Chance is what is "
        "heard most often in training. Exchanged: the same answers beside the sounds of other held-out clips.",
        lower_is_better={"accuracy": False, "class_mean": False},
        columns={"accuracy": "accuracy", "class_mean": "mean over clusters"},
        rows={
            **_FEATURE_ROWS,
            "chance": "the commonest sound",
            "class_prior": "the commonest sound of the class of the clip",
            "exchanged": "model, sounds of clips exchanged",
        },
        headline="accuracy",
    ),
    "patch-neighbors": Presentation(
        title="Patches that look alike",
        sentence="One patch of every held-out image asks for the most alike patches of the others, by cosine of the "
        "features: the share that shows an image of the same class, and how far apart the two patches lie in their "
        "images, both in percent. Patches that lie nearer than chance tell of features that know the place.",
        lower_is_better={"same_class": False},
        columns={"same_class": "of the same class", "apart": "distance between the places"},
        rows={**_FEATURE_ROWS, "pixels": "pixels"},
    ),
    "units": Presentation(
        title="What single units look for",
        sentence="The held-out images that excite each unit of a layer most, one of each clip or group: the share of "
        "units in percent of which 60 % of them are of one class, and the mean share that is. Higher is better. Chance "
        "has mixed classes.",
        lower_is_better={"selective": False, "agreement": False},
        columns={"selective": "selective units", "agreement": "images of one class"},
        rows=_FEATURE_ROWS,
        headline="selective",
    ),
    "reconstruction": Presentation(
        title="Images that come back",
        sentence="Held-out images given back from their codes: mean Euclidean distance of all values (0 to 1) of what "
        "came back to the image itself (lower is better) and to another image. Where the two are equal, the codes tell "
        "nothing apart. The mean image sets the mark to beat.",
        lower_is_better={"distance": True, "distance_other": None},
        columns={"distance": "to the image", "distance_other": "to another image"},
        rows={**_FEATURE_ROWS, "mean_image": "mean image"},
    ),
    "inpainting": Presentation(
        title="Filling holes",
        sentence="Pixels of held-out images that were taken away and filled again: mean absolute and mean squared "
        "error in percent of the range of values (lower is better) and peak signal-to-noise ratio in dB (higher is "
        "better), of the missing pixels alone, by image, then meaned. One colour and a smooth surface set the marks to "
        "beat.",
        lower_is_better={"l1": True, "l2": True, "psnr": False},
        columns={"l1": "absolute error, %", "l2": "squared error, %", "psnr": "PSNR, dB"},
        rows={**_FEATURE_ROWS, "mean_colour": "mean colour", "biharmonic": "biharmonic"},
    ),
    "linear-svm": Presentation(
        title="Linear SVM on frozen features",
        sentence=_RIGHT + "One linear machine a class; its cost and, of several, the layer are chosen on held-out "
        "training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=_IMAGE_ROWS,
        headline="accuracy|map",
    ),
    "fine-grained": Presentation(
        title="Crops where class maps point",
        sentence=_RIGHT + "A linear machine on pooled features of whole images makes class maps; the box of the "
        "likeliest class is cut out and encoded again. A central crop does not look.",
        lower_is_better={**dict.fromkeys(_DECISIONS, False), "area": None},
        columns={
            f"{metric}_{view}": f"{name}, {said}"
            for metric, name in _DECISIONS.items()
            for view, said in _VIEWS.items()
        }
        | {"area": "share of the image in the crop"},
        rows=_IMAGE_ROWS,
        headline="(accuracy|map)_both",
    ),
    "linear": Presentation(
        title="Logistic regression on frozen features",
        sentence=_RIGHT + "Its decay and, of several, the layer are chosen on held-out training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=_IMAGE_ROWS,
        headline="accuracy|map",
    ),
    "knn": Presentation(
        title="Votes of the nearest samples",
        sentence=_RIGHT + "The nearest training samples vote; how many of them is chosen on held-out training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=_IMAGE_ROWS,
        headline="accuracy|map",
    ),
    "labels-curve": Presentation(
        title="With few labels",
        sentence=_RIGHT + "A linear machine on frozen features learns from so many labels a class; all numbers of "
        "labels are measured on the same samples, which none of them knows. Labels from scratch: how many the same "
        "network needs to do as well when it is trained from random weights.",
        lower_is_better={**dict.fromkeys(_DECISIONS, False), "scratch_labels": False},
        columns={
            f"{metric}_{labels}": f"{name}, {labels} label{'s' * (labels > 1)}"
            for metric, name in {**_DECISIONS, "scratch_labels": "labels from scratch"}.items()
            for labels in (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)
        },
        rows=_IMAGE_ROWS,
        headline="(accuracy|map)_[0-9]+",
    ),
    "voc-classification": Presentation(
        title="Classification with trained layers",
        sentence=_RIGHT + "The classifier alone, the linear layers or the whole network are trained on labels from "
        "each row's weights; the scores of random crops of a test image are averaged, beside those of the whole image.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns={
            f"{metric}_{column}{suffix}": f"{name}, {trained}{said}"
            for metric, name in _DECISIONS.items()
            for column, trained in _TRAINED.items()
            for suffix, said in {"": "", "_whole": ", whole image"}.items()
        },
        rows={**_IMAGE_ROWS, "random": "random weights", "magic_init": "random weights, magic-init"},
        headline="(accuracy|map)_(fc8|fc6_8|all)",
    ),
    "neighbors": Presentation(
        title="Images that look alike",
        sentence="Share of held-out images in percent that find one of their class among the k most alike of the "
        "others, by cosine of the features. Higher is better.",
        lower_is_better={"recall": False},
        columns={f"recall_{k}": f"among {k}" if k > 1 else "the nearest" for k in (1, 2, 4, 5, 8, 10, 20, 50, 100)},
        rows=_IMAGE_ROWS,
        headline="recall_1",
    ),
    "verification": Presentation(
        title="Two images of one person, or of one thing?",
        sentence="Pairs of held-out images of people, or other classes: false rejects in percent at the thresholds of "
        "the distance at which 10, 7.5 and 5 % of the impostors are accepted, and the rate at which both errors are "
        "equal. By person: an image claims to be a person, by a normal distribution of that person's first images. "
        "Lower is better. The distance of pixels sets the mark to beat.",
        lower_is_better={"eer": True, "fr_at": True, "gaussian": True},
        columns={
            f"{prefix}{metric}": f"{said}{name}"
            for prefix, said in {"": "", "gaussian_": "by person: "}.items()
            for metric, name in _VERIFIED.items()
        },
        rows=_IMAGE_ROWS,
        headline="(gaussian_)?eer",
    ),
    "zero-shot": Presentation(
        title="Classes never seen",
        sentence="Samples of classes that were not learnt from, told by descriptions of the classes: accuracy in "
        "percent, as mean over classes, with the unseen classes alone to choose from and with all. Higher is better.",
        lower_is_better={"unseen": False, "seen_among_all": False, "unseen_among_all": False, "harmonic": False},
        columns={
            "unseen": "unseen, among unseen",
            "seen_among_all": "seen, among all",
            "unseen_among_all": "unseen, among all",
            "harmonic": "harmonic mean",
        },
        rows={"dap": "DAP", "conse": "ConSE", "devise": "DeViSE", "eszsl": "ESZSL", "exem": "EXEM"},
        headline="unseen",
    ),
    "few-shot": Presentation(
        title="A few images of each class",
        sentence="Classes told from a few images of each in random episodes, in percent, with the half width of the "
        "95 % interval; across all classes, and within one super-class, such as an alphabet. Higher is better.",
        lower_is_better={"across": False, "within": False, "across_interval": None, "within_interval": None},
        rows=_IMAGE_ROWS,
    ),
    "analogies": Presentation(
        "Analogies of words", "Right answers in percent of the questions asked.", {"total": False, "semantic": False}
    ),
    "word-similarity": Presentation("Words that are alike", "Spearman's correlation times 100.", {"spearman": False}),
    "segmentation": Presentation(
        title="Segmentation",
        sentence="A fully convolutional network fine-tuned from each row's weights: intersection over union of the "
        "masks, mean over classes, and share of right pixels, both in percent. Higher is better. Calling every pixel "
        "background sets the mark to beat.",
        lower_is_better={"mean_iou": False, "pixel_accuracy": False, "iou": False},
        columns={"mean_iou": "mean IoU", "pixel_accuracy": "right pixels", "iou": "intersection over union"},
        rows={
            **_IMAGE_ROWS,
            "random": "random weights",
            "magic_init": "random weights, magic-init",
            "background": "all background",
        },
    ),
    "masks": Presentation(
        title="Masks",
        sentence="Held-out images segmented by the trained network: intersection over union of the masks, mean over "
        "classes, and share of right pixels, both in percent. Higher is better. Rows that do not look at the image set "
        "the mark to beat.",
        lower_is_better={"mean_iou": False, "pixel_accuracy": False, "iou": False},
        columns={"mean_iou": "mean IoU", "pixel_accuracy": "right pixels", "iou": "intersection over union"},
        rows={
            "background": "all background",
            "tag_prior": "the commonest of the image's true tags",
            "model_crf": "with dense CRF",
        },
    ),
    "localization": Presentation(
        title="Localisation without boxes",
        sentence="A box drawn on the map of a class: the share of held-out images in percent of which it covers an "
        "object of the class by half (intersection over union). Higher is better. The class is given, or is to be "
        "named first or among five as well. MaxBoxAcc takes the threshold that suits the held-out images best, so it "
        "says what the maps could give; the mean is over all thresholds. Boxes that do not look set the mark to beat.",
        lower_is_better=dict.fromkeys(_LOCALISED, False),
        columns=_LOCALISED,
        rows={
            **_IMAGE_ROWS,
            "whole_image": "whole image",
            "central_box": "central box, three quarters of each side",
            "central_box_chosen": "central box, chosen side",
            "chance_class": "map of a class drawn at random",
        },
        headline="given|mean_box_accuracy|pixel_ap",
    ),
    "detection": Presentation(
        title="Detection",
        sentence="Fast R-CNN fine-tuned from each row's weights: mean average precision over classes in percent. "
        "Higher is better. Calling every whole image an object of every class sets the mark to beat.",
        lower_is_better={"map_11_point": False, "map_all_point": False, "map_coco": False},
        columns={
            "map_11_point": "VOC 2007, 11 points",
            "map_all_point": "all points",
            "map_coco": "COCO, ten overlaps",
        },
        rows={
            **_IMAGE_ROWS,
            "random": "random weights",
            "magic_init": "random weights, magic-init",
            "whole_image": "whole image",
        },
    ),
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
