"""What a user asks of 3D shapes: repair and blend, meshes and grids in and out."""
