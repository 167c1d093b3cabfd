"""Repair, classes, retrieval and blending of shapes."""

from lessup.report.presentation import FEATURE_ROWS, Presentation

_REPAIR_COLUMNS = {
    "rand_30": "30 % of cells",
    "rand_50": "50 % of cells",
    "dist_10": "10 % of slices",
    "dist_20": "20 % of slices",
    "dist_30": "30 % of slices",
    "half": "one half",
    "view": "all but one view",
}

PRESENTATIONS = {
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
        rows={**FEATURE_ROWS, "fine_tuned": "fine-tuned", "voxnet": "VoxNet, supervised"},
    ),
    "shape-retrieval": Presentation(
        title="Shape retrieval",
        sentence="Every held-out shape asks for those of its class among all others, by cosine of the features: mean "
        "average precision over classes, in percent. Higher is better. The other views of its own object are easy "
        "finds; the second column leaves them out.",
        lower_is_better={"map": False, "map_other_objects": False},
        columns={"map": "all views", "map_other_objects": "other objects alone"},
        rows=FEATURE_ROWS,
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
}
