"""Small batched transforms; all randomness comes from the ``Draws`` that the caller passes."""
