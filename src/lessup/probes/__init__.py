"""What is fitted on features, or on a whole network, to see what it has learned."""
