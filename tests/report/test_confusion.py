import json
import re

import numpy as np
import pytest

from lessup.errors import DataError
from lessup.report.confusion import confusion_matrix


def test_rows_are_shares_of_the_true_class():
    figures = {"confusion_model": np.array([[3, 1], [0, 0]]), "classes": np.array(["<chair>", "table"])}
    spec = json.loads(re.search(r"json\">(.*?)</script>", confusion_matrix(figures)).group(1))
    assert spec["data"][0]["z"] == [[75.0, 25.0], [0.0, 0.0]]
    assert spec["data"][0]["y"] == ["&lt;chair&gt;", "table"]


def test_matrix_that_is_not_square_is_refused():
    with pytest.raises(DataError, match="confusion"):
        confusion_matrix({"confusion_model": np.zeros((2, 3)), "classes": np.array(["a", "b"])})


def test_no_matrix_no_chart():
    assert confusion_matrix({}) == ""
