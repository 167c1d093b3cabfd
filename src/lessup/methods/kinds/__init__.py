"""What methods promise: all of them, then those on shapes, those on images and those that score classes."""
