"""Where things are in an image: masks and boxes."""

from lessup.report.presentation import IMAGE_ROWS, Presentation

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

PRESENTATIONS = {
    "segmentation": Presentation(
        title="Segmentation",
        sentence="A fully convolutional network fine-tuned from each row's weights: intersection over union of the "
        "masks, mean over classes, and share of right pixels, both in percent. Higher is better. Calling every pixel "
        "background sets the mark to beat.",
        lower_is_better={"mean_iou": False, "pixel_accuracy": False, "iou": False},
        columns={"mean_iou": "mean IoU", "pixel_accuracy": "right pixels", "iou": "intersection over union"},
        rows={
            **IMAGE_ROWS,
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
            **IMAGE_ROWS,
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
            **IMAGE_ROWS,
            "random": "random weights",
            "magic_init": "random weights, magic-init",
            "whole_image": "whole image",
        },
    ),
}
