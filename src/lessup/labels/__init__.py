"""From few labels to labels for all: estimators that follow scikit-learn's conventions, -1 for unlabelled.

One paper is one module; each estimator has ``fit``, ``predict`` and ``predict_proba``.
"""
