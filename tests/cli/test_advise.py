"""`lessup advise` from a file of features to a page."""

import json

import numpy as np
import pytest
from sklearn.datasets import make_blobs

from lessup.cli import main


@pytest.fixture
def data(tmp_path):
    x, label = make_blobs(80, 4, centers=2, cluster_std=0.3, random_state=0)
    ids = np.array([f"{number:02d}" for number in range(80)])
    np.savez(tmp_path / "features.npz", x=x.astype(np.float32), id=ids, label=label, classes=np.array(["ant", "bee"]))
    return tmp_path / "features.npz"


def test_page_table_and_advice_are_written(data, tmp_path, capsys):
    words = ["advise", "--data", str(data), "--shots", "1", "5", "--draws", "2"]
    assert main([*words, "--out", str(tmp_path / "advice.html")]) == 0
    told = capsys.readouterr()
    assert "transductive (label spreading)" in told.out
    assert told.out.rstrip().splitlines()[-1].startswith("All labels of the training part give 100.0 %")
    page = (tmp_path / "advice.html").read_text()
    assert "What helps with few labels" in page
    assert "Written by lessup advise." in page
    assert page.index("All labels of the training part") < page.index("nearest prototype")
    assert main([*words, "--out", str(tmp_path / "advice.md")]) == 0
    assert "| seconds |" in (tmp_path / "advice.md").read_text()


def test_json_holds_both_accuracies_and_the_advice(data, capsys):
    assert main(["advise", "--data", str(data), "--shots", "2", "--draws", "3", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    row = next(row for row in told["rows"] if row["key"] == "transductive")
    assert row["values"]["few labels"].keys() == {"accuracy_2", "class_mean_2"}
    assert row["values"]["few labels"]["class_mean_2"]["n"] == 3
    assert told["summary"]


def test_file_of_no_known_format_is_refused_before_anything_is_measured(data, tmp_path, capsys):
    assert main(["advise", "--data", str(data), "--out", str(tmp_path / "advice.pdf")]) == 2
    assert "wanted a name that ends in .md, .json, .html" in capsys.readouterr().err
