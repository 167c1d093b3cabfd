from lessup.formats.polygons import fan


def test_fan_of_a_convex_polygon_covers_its_area_once():
    corners = [(0, 0), (2, 0), (3, 1), (2, 3), (0, 2)]
    area = 0.0
    for a, b, c in fan([range(5)]):
        (ax, ay), (bx, by), (cx, cy) = corners[a], corners[b], corners[c]
        area += ((bx - ax) * (cy - ay) - (by - ay) * (cx - ax)) / 2
    shoelace = sum((x * q - p * y) / 2 for (x, y), (p, q) in zip(corners, corners[1:] + corners[:1], strict=True))
    assert area == shoelace


def test_no_polygons_give_no_triangles():
    assert fan([]).shape == (0, 3)
