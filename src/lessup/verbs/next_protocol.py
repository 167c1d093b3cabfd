"""Which protocol to measure a run with first, from its config alone."""

from lessup import methods
from lessup.methods import FewShotLearner, ImageEncoder, Segmenter, ShapeAutoencoder
from lessup.runs import Run


def next_protocol(run: Run) -> str:
    """Return a protocol that can measure the method of a run on the data that it was trained on.

    Args:
        run: its config names the method and the classes of the data.
    """
    method = methods.load(run.config["method"])
    if issubclass(method, Segmenter):
        return "masks"
    if issubclass(method, ShapeAutoencoder):
        return "shape-repair"
    if "tokens" in method.reads:
        return "analogies"
    if "texture" in method.reads:
        return "sound-prediction"
    if len(run.config["data"]["classes"]) < 2:
        return "pretext"
    if method.semi_supervised:
        return "semi-supervised"
    if issubclass(method, FewShotLearner):
        return "few-shot"
    if issubclass(method, ImageEncoder) and run.config["data"].get("folds", {}).get("whole_classes"):
        return "verification"
    return "linear-svm" if issubclass(method, ImageEncoder) else "shape-classification"
