"""Label propagation: labels given stay as they are, and every other sample takes the mean of its neighbours.

Xiaojin Zhu, Zoubin Ghahramani, *Learning from Labeled and Unlabeled Data with Label Propagation*, 2002,
http://mlg.eng.cam.ac.uk/zoubin/papers/CMU-CALD-02-107.pdf.

*Differs from the paper:* it iterates Y <- T Y and clamps; here the fixed point is solved for at once, by conjugate
gradients. Its graph joins all with all; here nearest neighbours (see ``neighbour_graph``).
"""

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array, diags_array

from lessup.labels.known_labels import KnownLabels
from lessup.labels.transduction import GraphClassifier, solved


class LabelPropagation(GraphClassifier):
    """The harmonic function of the labels: (D - W) is 0 on every sample whose label is not known."""

    def _spread(self, graph: csr_array, labels: KnownLabels) -> NDArray[np.float64]:
        """Return (N, K) shares of the classes; a sample that no label reaches has zeros."""
        values, free = labels.one_hot(), ~labels.known & ~self.unreached_
        if free.any():
            laplacian = (diags_array(graph.sum(1)) - graph).tocsr()
            values[free] = solved(laplacian[free][:, free].tocsr(), graph[free] @ values)
        return values
