import numpy as np
import pytest

from lessup.report.published import PUBLISHED

REPAIR = PUBLISHED["shape-repair"].rows


@pytest.mark.parametrize("row", list(REPAIR))
def test_published_means_are_those_of_their_classes(row):
    for metric, mean in REPAIR[row].items():
        if "/" not in metric:
            by_class = [value for key, value in REPAIR[row].items() if key.startswith(f"{metric}/")]
            assert len(by_class) == 10
            assert np.mean(by_class) == pytest.approx(mean, abs=0.011)


def test_means_are_the_printed_ones():
    columns = ("rand_30", "rand_50", "dist_10", "dist_20", "dist_30")
    assert [REPAIR["3DShapeNets"][column] for column in columns] == [10.66, 13.27, 8.08, 9.37, 10.96]
    assert [REPAIR["VConv-DAE"][column] for column in columns] == [1.04, 2.06, 1.31, 2.00, 3.05]
    assert {key: value for key, value in REPAIR["CAE"].items() if "/" not in key} == {"rand_30": 3.18, "rand_50": 7.67}


@pytest.mark.parametrize("protocol", list(PUBLISHED))
def test_every_published_table_has_a_source_with_a_link(protocol):
    assert "https://" in PUBLISHED[protocol].source
