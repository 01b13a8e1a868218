"""The section "Behaviour" of the report: failure rates side by side, the surest failure of each test, nothing where nothing was tested."""

from malmoi._page import behaviour

ANSWERS = [{"label": "good", "probability": 0.9}, {"label": "bad", "probability": 0.75}]
EXAMPLE = {"before": "정말 좋다" * 100, "after": "정말좋다", "answers": ANSWERS}
TEST = {"kind": "invariance", "about": "all spaces taken away", "rate": 0.34, "examples": [EXAMPLE, EXAMPLE]}
PLAIN = {"kind": "minimum", "about": "plain praise", "rate": 0.0, "examples": []}
MEASURED = {"tests": {"spaces_removed": TEST, "plain_praise": PLAIN}, "rate": 0.17}


def test_experiments_are_rows_and_tests_are_columns() -> None:
    other = {"tests": {"plain_praise": PLAIN | {"rate": 0.5}}, "rate": 0.5}
    rows = [{"experiment": name} for name in ("second", "first", "untested")]
    found = behaviour.section(rows, {"first": MEASURED, "second": other, "untested": {}})
    assert found is not None
    assert found.table.columns == ["mean", "plain praise", "spaces removed"]
    assert found.table.rows == [("second", ["50.0%", "50.0%", "–"]), ("first", ["17.0%", "0.0%", "34.0%"])]
    assert found.about[1] == ("spaces removed", "invariance", "all spaces taken away")
    assert [len(failures) for _, failures in found.failures] == [0, 1]
    [failure] = dict(found.failures)["first"]
    assert (failure.test, failure.rate, failure.said) == ("spaces removed", "34.0%", ["good 0.90", "bad 0.75"])
    assert (len(failure.before), failure.after) == (behaviour.LONGEST + 1, "정말좋다")


def test_nothing_tested_no_section() -> None:
    assert behaviour.section([{"experiment": "law-ngram"}], {"law-ngram": {}}) is None
