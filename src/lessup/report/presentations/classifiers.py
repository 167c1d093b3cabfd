"""Classes told by a classifier that learns from features, or with them."""

from lessup.report.presentation import IMAGE_ROWS, Presentation

_DECISIONS = {
    "accuracy": "accuracy",
    "class_mean": "mean over classes",
    "map": "mAP, no interpolation",
    "map_all_point": "mAP, all points",
    "map_11_point": "mAP, 11 points",
}

_VIEWS = {"whole": "whole image", "central": "central crop", "crop": "crop", "both": "whole image and crop"}

_TRAINED = {"fc8": "the classifier", "fc6_8": "fc6 to fc8", "all": "all layers"}

_LABELS = (1, 2, 3, 5, 10, 15, 20, 30, 50, 100)

_RIGHT = (
    "Right answers on held-out samples in percent, over samples and as mean over classes; where samples have several "
    "classes, mean average precision in percent. Higher is better. "
)

PRESENTATIONS = {
    "linear-svm": Presentation(
        title="Linear SVM on frozen features",
        sentence=_RIGHT + "One linear machine a class; its cost and, of several, the layer are chosen on held-out "
        "training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=IMAGE_ROWS,
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
        rows=IMAGE_ROWS,
        headline="(accuracy|map)_both",
    ),
    "linear": Presentation(
        title="Logistic regression on frozen features",
        sentence=_RIGHT + "Its decay and, of several, the layer are chosen on held-out training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=IMAGE_ROWS,
        headline="accuracy|map",
    ),
    "knn": Presentation(
        title="Votes of the nearest samples",
        sentence=_RIGHT + "The nearest training samples vote; how many of them is chosen on held-out training samples.",
        lower_is_better=dict.fromkeys(_DECISIONS, False),
        columns=_DECISIONS,
        rows=IMAGE_ROWS,
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
            for labels in _LABELS
        },
        rows=IMAGE_ROWS,
        headline="(accuracy|map)_[0-9]+",
    ),
    "semi-supervised": Presentation(
        title="A few labels and all images",
        sentence="Errors in percent where a few labels are known and all images are there in training: on the images "
        "of training whose label was hidden, and on held-out ones; the two do not compare. Lower is better. The "
        "classifier of the labels alone sets the mark to beat; the last row knows all labels.",
        lower_is_better={"transductive_error": True, "inductive_error": True},
        columns={
            f"{metric}{suffix}": f"{name}{said}"
            for metric, name in {"transductive_error": "images of training", "inductive_error": "held-out"}.items()
            for suffix, said in {
                "": "",
                **{f"_{labels}": f", {labels} label{'s' * (labels > 1)}" for labels in _LABELS},
            }.items()
        },
        rows={**IMAGE_ROWS, "logistic-regression": "logistic regression, the labels alone", "all_labels": "all labels"},
        headline="(trans|in)ductive_error(_[0-9]+)?",
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
        rows={**IMAGE_ROWS, "random": "random weights", "magic_init": "random weights, magic-init"},
        headline="(accuracy|map)_(fc8|fc6_8|all)",
    ),
}
