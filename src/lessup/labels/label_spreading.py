"""Label spreading: every sample takes from its neighbours and gives to them, while the labels given keep flowing in.

Dengyong Zhou, Olivier Bousquet, Thomas Navin Lal, Jason Weston, Bernhard Scholkopf, *Learning with Local and Global
Consistency*, 2004, https://papers.nips.cc/paper/2506-learning-with-local-and-global-consistency.

*Differs from the paper:* its graph joins all with all by one width; here it joins nearest neighbours, by widths of
their own (see ``neighbour_graph``), so that it is never dense; and the closed form is solved by conjugate gradients.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array, eye_array

from lessup.errors import UsageError
from lessup.labels.known_labels import KnownLabels
from lessup.labels.transduction import GraphClassifier, solved

ALPHA = 0.99
"""Share that a sample takes from its neighbours, section 4 of the paper; the rest is the label given to it."""


class LabelSpreading(GraphClassifier):
    """F = (1 - alpha) (I - alpha S)^-1 Y with S = D^-1/2 W D^-1/2; labels that were given may change."""

    def __init__(
        self,
        *,
        alpha: float = ALPHA,
        n_neighbors: int = 10,
        sigma: float | None = None,
        class_mass_normalization: bool = False,
    ) -> None:
        """Keep the settings.

        Args:
            alpha: between 0 and 1, both excluded: how much a sample takes from its neighbours.
            n_neighbors: see ``GraphClassifier``.
            sigma: see ``neighbour_graph``.
            class_mass_normalization: see ``GraphClassifier``.
        """
        super().__init__(n_neighbors=n_neighbors, sigma=sigma, class_mass_normalization=class_mass_normalization)
        self.alpha = alpha

    def _spread(self, graph: csr_array, labels: KnownLabels) -> NDArray[np.float64]:
        """Return (N, K) F of the paper."""
        if not 0 < self.alpha < 1:
            raise UsageError(f"alpha {self.alpha}: wanted above 0 and below 1")
        root = diags_array(graph.sum(1) ** -0.5)
        system = eye_array(graph.shape[0]) - self.alpha * (root @ graph @ root)
        return solved(system.tocsr(), (1 - self.alpha) * labels.one_hot())
