"""What a sweep file may say, and what of it goes where in a params file."""

from pathlib import Path
from typing import Any

import pytest
import swept
import yaml

from flows import _goal, _settings, _space
from malmoi.config import ConfigError

PARAMS = """\
# 모델: what is trained
model: {units: 64,   cell: gru}   # kept as it is
training:
    rate: 0.006 # a comment
    seeds: [1, 2]
    warm: true
    "layers": {}
list:
  - 1
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "params.yaml").write_text(PARAMS, encoding="utf-8")
    return tmp_path


def check(root: Path, **changed: Any) -> list[_space.Dimension]:
    """What the start of a sweep does with its file."""
    path = root / "sweep.yaml"
    path.write_text(yaml.safe_dump({**swept.SWEEP, "space": {"model.units": {"low": 1, "high": 6}}, **changed}), encoding="utf-8")
    sweep = _space.read(path)
    _goal.of(sweep, root, "sweep.yaml")
    return _space.dimensions(sweep, root, "sweep.yaml")


UNITS = {"low": 16, "high": 64, "step": 16}
BAD = [
    ({"spce": {}}, "unknown key 'spce'; did you mean 'space'?"),
    ({"space": {}}, "space: it is empty"),
    ({"space": {"model.unit": UNITS}}, "space.model.unit: params.yaml: model has no key 'unit'; did you mean 'units'?"),
    ({"space": {"model.units.deep": UNITS}}, "params.yaml: model.units has no key 'deep'; there is a value: 64"),
    ({"space": {"parms.yaml:model.units": UNITS}}, "no such file: parms.yaml; did you mean params.yaml?"),
    ({"space": {"params.yaml:+model.units": UNITS}}, "has a key 'units' already; take the + away"),
    ({"space": {"params.yaml:+model.units.deep": UNITS}}, "params.yaml: model.units is 64, to which no key can be added"),
    ({"space": {"modl.units": UNITS}}, "space.modl.units: params.yaml has no key 'modl'; did you mean 'model'?"),
    ({"space": {"model.units": {"low": 64, "high": 16}}}, "space.model.units: low 64 is above high 16; exchange them"),
    ({"space": {"model.units": {"low": 64}}}, "low and high are needed, both"),
    ({"space": {"model.units": {}}}, "give either choices, or low and high"),
    ({"space": {"model.units": {"choices": [1], "low": 1, "high": 2}}}, "give either choices, or low and high"),
    ({"space": {"model.units": {"choices": []}}}, "choices must be a list with something in it"),
    ({"space": {"model.units": {**UNITS, "step": -1}}}, "step must be above 0"),
    ({"space": {"model.units": {"low": 0, "high": 1, "log": True}}}, "log needs low above 0"),
    ({"space": {"model.cell": {"low": 0, "high": 1}}}, "it is 'gru' now, which is no number; give choices"),
    ({"space": {"training.rate": {"low": "1e-3", "high": 1}}}, "write 1.0e-3"),
    ({"space": {"training.rate": {"low": 0.1, "high": 1}}, "sampler": {"kind": "grid"}}, "a grid needs choices, or low, high and step"),
    ({"sampler": {"kind": "bayes"}}, "sampler.kind: input should be 'tpe', 'grid' or 'random', found 'bayes'"),
    ({"trials": 0}, "trials: must be above 0"),
    ({"name": "../x"}, "use letters, digits"),
    ({"fixed": {"model.units": 3}}, "fixed.model.units: it is in `space`, too"),
    ({"fixed": {"model.size": 3}}, "fixed.model.size: params.yaml: model has no key 'size'"),
    ({"metric": None}, "give `experiment`, or `targets` and `metric`"),
    ({"intermediate": None, "pruner": {"kind": "median"}}, "pruner median needs `intermediate`"),
    ({"intermediate": {"pattern": "(?P<step>x)"}}, "intermediate.pattern has no group (?P<value>...)"),
    ({"intermediate": {"pattern": "("}}, "is no regular expression"),
]


@pytest.mark.parametrize(("changed", "said"), BAD)
def test_what_cannot_be_right_is_said_before_anything_runs(root: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check(root, **changed)
    assert said in str(caught.value)
    assert "sweep.yaml" in str(caught.value)


def test_numbers_are_whole_where_the_file_and_the_range_are(root: Path) -> None:
    space = {
        "model.units": UNITS,
        "training.rate": {"low": 0, "high": 1},
        "+model.dropout": {"low": 0.0, "high": 0.5, "step": 0.1},
        "+model.layers": {"low": 1, "high": 3},
    }
    found = {one.short: one for one in check(root, space=space)}
    assert {name: one.whole for name, one in found.items()} == {"units": True, "rate": False, "dropout": False, "layers": True}
    assert found["units"].points() == [16, 32, 48, 64]
    assert found["dropout"].points() == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4, 0.5])


def test_short_names_are_as_long_as_it_takes(root: Path) -> None:
    (root / "params.yaml").write_text("a: {units: 1, rate: 1}\nb: {units: 1}\n")
    names = [one.short for one in check(root, space={"a.units": UNITS, "b.units": UNITS, "params.yaml:a.rate": UNITS})]
    assert names == ["a.units", "b.units", "rate"]


def test_lists_can_be_chosen_from(root: Path) -> None:
    [one] = check(root, space={"training.seeds": {"choices": [[1], [1, 2], None]}})
    assert one.points() == ["[1]", "[1, 2]", None]
    assert [one.value(point) for point in one.points()] == [[1], [1, 2], None]


def test_values_are_changed_where_they_stand(root: Path) -> None:
    values = {"model.units": 32, "model.cell": "no", "training.rate": 1e-05, "training.seeds": [7], "training.warm": None}
    _settings.change(root, {**values, "+model.dropout": 0.5, "+training.layers.top": "마루"})
    wanted = PARAMS
    for before, after in (
        ("units: 64,   cell: gru}", "units: 32,   cell: 'no', dropout: 0.5}"),
        ("0.006", "1.0e-05"),
        ("[1, 2]", "[7]"),
        ("true", "null"),
        ("{}", "{top: 마루}"),
    ):
        wanted = wanted.replace(before, after)
    assert (root / "params.yaml").read_text(encoding="utf-8") == wanted


def test_what_has_no_line_of_its_own_is_changed_as_dvc_does_it(root: Path) -> None:
    (root / "params.json").write_text('{"model": {"units": 1}}')
    _settings.change(root, {"list": [2, 3], "+training.momentum": 0.9, "params.json:model.units": 2})
    found = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    assert (found["list"], found["training"]["momentum"], found["training"]["seeds"]) == ([2, 3], 0.9, [1, 2])
    assert "# a comment" in (root / "params.yaml").read_text(encoding="utf-8")
    assert yaml.safe_load((root / "params.json").read_text()) == {"model": {"units": 2}}


def test_an_anchor_that_others_use_changes_for_one_key_alone(root: Path) -> None:
    (root / "params.yaml").write_text("a: &size 3\nb: *size\n")
    _settings.change(root, {"a": 5})
    assert yaml.safe_load((root / "params.yaml").read_text()) == {"a": 5, "b": 3}


def test_the_sweep_of_this_project_is_right() -> None:
    root = Path(__file__).resolve().parents[2]
    sweep = _space.read(root / "params/sweep.yaml")
    goal = _goal.of(sweep, root, "params/sweep.yaml")
    assert [one.short for one in _space.dimensions(sweep, root, "params/sweep.yaml")] == ["cell", "units", "dropout", "learning_rate"]
    assert (goal.targets, goal.name, goal.metric.direction) == (["evaluate@bills-gru"], "valid_accuracy", "maximize")
    assert goal.metric.key.startswith("valid.")  # never the test split
    assert goal.hear("bills-gru seed 1: epoch 3/14, train_loss 0.6931, valid_loss 0.6501, 1.2 s, about 13 s left") == (3, 0.6501)
    assert goal.hear("bills-gru seed 1: epoch 3, batch 4/9, loss 0.6931") is None


def test_an_experiment_that_is_not_there_is_said_with_those_that_are() -> None:
    root = Path(__file__).resolve().parents[2]
    sweep = _space.Sweep(name="x", experiment="bills-gro", space={})
    with pytest.raises(ConfigError, match=r"switches on no 'bills-gro'; there are: .*bills-gru"):
        _goal.of(sweep, root, "x.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [(None, "cannot be read"), ("{}", "is None, and should be a number"), ('{"loss": NaN}', "nan"), ('{"loss": true}', "True")],
)
def test_a_score_that_is_no_number_is_a_failure_that_says_so(root: Path, text: str | None, said: str) -> None:
    if text is not None:
        (root / "score.json").write_text(text)
    goal = _goal.Goal(["score"], _space.Metric(file="score.json", key="loss", direction="minimize"), "loss", None)
    with pytest.raises(ConfigError, match=said):
        goal.score(root)


def test_another_name_is_another_sweep() -> None:
    given = Path(__file__).resolve().parents[2] / "params/sweep.yaml"
    assert _space.read(given, "bills-gru-1234abcd").name == "bills-gru-1234abcd"
    assert _space.read(given).name == "bills-gru"
    with pytest.raises(ConfigError, match="also the name of a folder"):
        _space.read(given, "a/b")
