"""What a trained network does and looks for, before any classifier stands on it."""

from lessup.report.presentation import FEATURE_ROWS, Presentation

PRESENTATIONS = {
    "pretext": Presentation(
        title="The task of the training itself",
        sentence="What every training step logs, measured on held-out samples without learning: mean over samples. "
        "Scrambled: the channels of every image have changed places, so that its colours are wrong.",
        lower_is_better={"loss": True, "loss_scrambled": True, "accuracy": False, "accuracy_scrambled": False},
        rows=FEATURE_ROWS,
    ),
    "sound-prediction": Presentation(
        title="Which sound goes with a frame?",
        sentence="Frames of held-out clips: the share of which the cluster of the sound around is told rightly, in "
        "percent, and its mean over clusters; of a binary code, the share of bits. Higher is better. Chance is what is "
        "heard most often in training. Exchanged: the same answers beside the sounds of other held-out clips.",
        lower_is_better={"accuracy": False, "class_mean": False},
        columns={"accuracy": "accuracy", "class_mean": "mean over clusters"},
        rows={
            **FEATURE_ROWS,
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
        rows={**FEATURE_ROWS, "pixels": "pixels"},
    ),
    "units": Presentation(
        title="What single units look for",
        sentence="The held-out images that excite each unit of a layer most, one of each clip or group: the share of "
        "units in percent of which 60 % of them are of one class, and the mean share that is. Higher is better. Chance "
        "has mixed classes.",
        lower_is_better={"selective": False, "agreement": False},
        columns={"selective": "selective units", "agreement": "images of one class"},
        rows=FEATURE_ROWS,
        headline="selective",
    ),
    "reconstruction": Presentation(
        title="Images that come back",
        sentence="Held-out images given back from their codes: mean Euclidean distance of all values (0 to 1) of what "
        "came back to the image itself (lower is better) and to another image. Where the two are equal, the codes tell "
        "nothing apart. The mean image sets the mark to beat.",
        lower_is_better={"distance": True, "distance_other": None},
        columns={"distance": "to the image", "distance_other": "to another image"},
        rows={**FEATURE_ROWS, "mean_image": "mean image"},
    ),
    "inpainting": Presentation(
        title="Filling holes",
        sentence="Pixels of held-out images that were taken away and filled again: mean absolute and mean squared "
        "error in percent of the range of values (lower is better) and peak signal-to-noise ratio in dB (higher is "
        "better), of the missing pixels alone, by image, then meaned. One colour and a smooth surface set the marks to "
        "beat.",
        lower_is_better={"l1": True, "l2": True, "psnr": False},
        columns={"l1": "absolute error, %", "l2": "squared error, %", "psnr": "PSNR, dB"},
        rows={**FEATURE_ROWS, "mean_colour": "mean colour", "biharmonic": "biharmonic"},
    ),
}
