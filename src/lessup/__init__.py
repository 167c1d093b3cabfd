"""Learning from images, 3D shapes, video and sound with few labels or none."""
