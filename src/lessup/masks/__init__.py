"""What a user asks of label maps: the pixels of a picture, each with its class."""
