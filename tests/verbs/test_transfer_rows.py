import json

from lessup.report.transfer_table import Value
from lessup.runs import Run
from lessup.verbs.transfer_rows import Group, group_names, joint_notes, table_rows


def score(mean, std=0.0, n=1):
    return {"mean": mean, "std": std, "n": n}


def run_of(folder, method, backbone=""):
    folder.mkdir(parents=True)
    config = {"lessup": "0", "method": method, "config": {"backbone": backbone} if backbone else {}}
    (folder / "config.json").write_text(json.dumps(config))
    return Run(folder)


def beside(groups):
    """The rows beside the models, by name."""
    protocols = {label: label.split()[0] for group in groups for label in group.scores}
    return {row.name: row for row in table_rows(groups, protocols=protocols)}


def test_row_that_is_equal_for_all_methods_is_shown_once(tmp_path):
    rows = {"chance": {"accuracy": score(10)}, "random": {"accuracy": score(30, 2, 5)}}
    groups = [Group([run_of(tmp_path / name, name, "alexnet")], {"knn": [{"rows": rows}]}) for name in ("a", "b")]
    assert list(beside(groups)) == ["chance", "random initialisation"]


def test_random_rows_of_several_backbones_are_named_by_them(tmp_path):
    groups = [
        Group([run_of(tmp_path / name, "a", name)], {"knn": [{"rows": {"random": {"accuracy": score(value)}}}]})
        for name, value in (("alexnet", 30), ("resnet18", 40))
    ]
    rows = beside(groups)
    assert list(rows) == ["random initialisation, alexnet", "random initialisation, resnet18"]
    assert rows["random initialisation, resnet18"].values["knn"]["accuracy"] == Value(40, 0.0, 1)


def test_random_rows_of_one_backbone_that_methods_use_differently_are_named_by_the_methods(tmp_path):
    groups = [
        Group([run_of(tmp_path / name, name, "alexnet")], {"knn": [{"rows": {"random": {"accuracy": score(value)}}}]})
        for name, value in (("a", 30), ("b", 40), ("c", 40))
    ]
    assert list(beside(groups)) == ["random initialisation, as a", "random initialisation, as b and c"]


def test_row_beside_the_model_that_is_equal_in_several_runs_keeps_the_spread_of_its_draws(tmp_path):
    runs = [run_of(tmp_path / name, "a", "alexnet") for name in ("one", "two", "three")]
    scores = [{"rows": {"random": {"accuracy": score(mean, 2, 5)}}} for mean in (30, 30, 33)]
    same = beside([Group(runs[:2], {"knn": scores[:2]})])["random initialisation"]
    assert same.values["knn"]["accuracy"] == Value(30, 2, 5)
    # two folds: each counts once, 30 and 33 are 1.5 from their mean, so that the variance is 2 * 1.5^2 / 1
    folds = beside([Group(runs, {"knn": scores})])["random initialisation"]
    assert folds.values["knn"]["accuracy"] == Value(31.5, 4.5**0.5, 2)


def test_protocols_that_only_some_methods_can_be_measured_under_still_share_a_row(tmp_path):
    rows = {"rows": {"chance": {"accuracy": score(10)}}}
    groups = [
        Group([run_of(tmp_path / "a", "a", "alexnet")], {"knn": [rows]}),
        Group([run_of(tmp_path / "b", "b", "alexnet")], {"knn": [rows], "linear": [rows]}),
    ]
    (row,) = beside(groups).values()
    assert row.values.keys() == {"knn", "linear"}


def test_values_of_classes_and_numbers_that_are_not_finite_are_left_out(tmp_path):
    rows = {"rows": {"chance": {"accuracy": score(10), "accuracy/cat": score(1), "map": score(float("nan"))}}}
    (row,) = beside([Group([run_of(tmp_path / "a", "a")], {"knn": [rows]})]).values()
    assert row.values["knn"].keys() == {"accuracy"}


def test_methods_are_named_apart_by_backbone_then_by_run(tmp_path):
    def named(*given):
        return group_names([Group([run_of(tmp_path / folder, *rest)], {}) for folder, *rest in given])

    assert named(("p", "a", "x"), ("q", "b", "x")) == ["a", "b"]
    assert named(("r", "a", "x"), ("s", "a", "y")) == ["a, x", "a, y"]
    assert named(("t", "a", "x"), ("u", "a", "x")) == ["a (t)", "a (u)"]


def test_note_that_all_methods_share_names_none_of_them(tmp_path):
    notes = ({"knn": ["5 left out", "layer fc6"]}, {"knn": ["5 left out"]})
    groups = [Group([run_of(tmp_path / name, name)], {}, note) for name, note in zip(("a", "b"), notes, strict=True)]
    assert joint_notes(groups) == ["knn: 5 left out", "knn, a: layer fc6"]
