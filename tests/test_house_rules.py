"""The rules of the house, checked over every file; and each check tried on an example that breaks it, so that none can go blind."""

import ast
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from tests import house

ROOT = Path(__file__).resolve().parent.parent
HEAVIEST = 5_000_000  # bytes of a tracked file


def sources(*folders: str) -> list[str]:
    return sorted(str(path.relative_to(ROOT)) for folder in folders for path in (ROOT / folder).rglob("*.py"))


CODE = sources("malmoi", "tasks", "flows")


def read(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def parse(path: str) -> ast.Module:
    return ast.parse(read(path), path)


def assert_none(broken: Iterable[str]) -> None:
    found = list(broken)
    assert not found, "\n" + "\n".join(found)


def tracked() -> list[str]:
    """What git has, or would take with the next `git add -A`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    return [path for path in listed.stdout.split("\0") if path and (ROOT / path).is_file()]


def test_there_is_something_to_check() -> None:
    assert {"malmoi/config.py", "tasks/__main__.py", "flows/graph.py"} <= set(CODE)


@pytest.mark.parametrize("rule", [house.backward, house.sideways, house.misplaced, house.pickles, house.undocumented])
def test_every_file_keeps_the_rule(rule) -> None:  # type: ignore[no-untyped-def]
    assert_none(broken for path in CODE for broken in rule(path, parse(path)))


def test_nothing_is_too_long_or_too_deep() -> None:
    assert_none(broken for path in CODE for broken in house.long(path, read(path)))


def test_tests_are_no_packages() -> None:
    assert list((ROOT / "tests").rglob("__init__.py")) == []


def test_names_say_something() -> None:
    assert_none(broken for path in [*CODE, *sources("tests")] for broken in house.vague(path))


def test_stages_have_the_two_functions_that_are_called() -> None:
    stages = [path for path in sources("tasks") if path.count("/") == 1 and not Path(path).name.startswith("_")]
    assert_none(broken for path in stages for broken in house.stage_door(path, parse(path)))


def test_every_stage_of_the_pipeline_is_a_file() -> None:
    stages = yaml.safe_load(read("dvc.yaml"))["stages"]
    commands = [(stage.get("do") or stage)["cmd"] for stage in stages.values()]
    named = {name for command in commands for name in re.findall(r"python -m tasks (\w+)", command)}
    assert {name for name in named if not (ROOT / f"tasks/{name}.py").is_file()} == set()
    assert set(stages) == named  # one name everywhere


def test_params_are_yaml() -> None:
    files = sorted((ROOT / "params").rglob("*.yaml"))
    assert files
    assert [str(file) for file in files if not isinstance(yaml.safe_load(file.read_text(encoding="utf-8")), dict)] == []


def test_the_lock_names_no_index() -> None:
    assert "://" not in read("requirements.lock")
    assert "--hash=sha256:" in read("requirements.lock")


def test_nothing_tracked_is_large_or_names_a_place_of_one_machine() -> None:
    files = tracked()
    assert [path for path in files if (ROOT / path).stat().st_size > HEAVIEST] == []
    texts = [
        path for path in files if Path(path).suffix in (".py", ".yaml", ".yml", ".md", ".toml", ".dvc", ".lock", "") and "house" not in path
    ]
    assert_none(broken for path in texts for broken in house.personal(path, (ROOT / path).read_text(encoding="utf-8", errors="ignore")))


def test_the_cure_against_rerunning_everything_is_there() -> None:
    assert "__pycache__/" in read(".dvcignore").splitlines()


DEEP = "def f(a):\n    for b in a:\n        if b:\n            while b:\n                pass\n"
ELIF = "def f(a):\n    for b in a:\n        if b:\n            pass\n        elif a:\n            pass\n        elif 1:\n            pass\n"
CASES = [
    (house.backward, "malmoi/x.py", "from tasks import train", True),
    (house.backward, "malmoi/x.py", "def f():\n    import flows.graph", True),
    (house.backward, "tasks/x.py", "import flows", True),
    (house.backward, "flows/x.py", "import tasks, malmoi", False),
    (house.sideways, "malmoi/models/x.py", "from malmoi.features import counts", True),
    (house.sideways, "malmoi/models/x.py", "from malmoi import features", True),
    (house.sideways, "malmoi/models/x.py", "from malmoi.models import _keras", False),
    (house.sideways, "malmoi/objectives.py", "from malmoi.models.linear import build", True),
    (house.sideways, "malmoi/predictor.py", "from malmoi.models.linear import build", False),
    (house.misplaced, "malmoi/metrics.py", "def f():\n    from sklearn import metrics", True),
    (house.misplaced, "malmoi/models/gru.py", "import keras", False),
    (house.misplaced, "tasks/train.py", "import tensorflow as tf", True),
    (house.misplaced, "tasks/record.py", "import mlflow", True),
    (house.misplaced, "tasks/_tracking.py", "import mlflow", False),
    (house.misplaced, "malmoi/rows.py", "from dvc.repo import Repo", True),
    (house.pickles, "malmoi/x.py", "import pickle", True),
    (house.pickles, "malmoi/x.py", "from joblib import dump", True),
    (house.pickles, "malmoi/x.py", "np.load(p, allow_pickle=True)", True),
    (house.pickles, "malmoi/x.py", "np.load(p, allow_pickle=False)", False),
    (house.undocumented, "malmoi/x.py", "x = 1", True),
    (house.undocumented, "malmoi/x.py", '"""Module."""\ndef f(): ...', True),
    (house.undocumented, "malmoi/x.py", '"""Module."""\nclass C: ...', True),
    (house.undocumented, "malmoi/x.py", '"""Module."""\ndef _f(): ...', False),
    (house.stage_door, "tasks/x.py", "def run(): ...", True),
    (house.stage_door, "tasks/x.py", "def run(): ...\ndef add_arguments(p): ...", False),
]


@pytest.mark.parametrize(("rule", "path", "source", "breaks"), CASES)
def test_a_check_of_the_syntax_tree_can_fail(rule, path: str, source: str, breaks: bool) -> None:  # type: ignore[no-untyped-def]
    assert bool(rule(path, ast.parse(source))) is breaks


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\n" * 301, "301 lines"),
        ("def f():\n" + "    x = 1\n" * 40, "41 lines"),
        ("def f(a, b, c, d, *, e, g): ...", "6 parameters"),
        ("class C:\n    def f(self, a, b, c, d, e): ...", None),
        (DEEP, "nested 3 deep"),
        (ELIF, None),
        ("def f():\n    with a:\n        for b in c:\n            if b:\n                pass\n", None),
    ],
)
def test_the_check_of_length_can_fail(source: str, said: str | None) -> None:
    found = house.long("malmoi/x.py", source)
    assert bool(found) is (said is not None)
    assert said is None or said in found[0]


@pytest.mark.parametrize(
    ("path", "bad"), [("malmoi/utils.py", True), ("tasks/_common.py", True), ("malmoi/base/x.py", True), ("malmoi/rows.py", False)]
)
def test_the_check_of_names_can_fail(path: str, bad: bool) -> None:
    assert bool(house.vague(path)) is bad


@pytest.mark.parametrize(
    ("text", "bad"), [("see /wor" + "k/x", True), ("/roo" + "t/.cache", True), ("~/wor" + "k/x", False), ("home/wor" + "k/x", False)]
)
def test_the_check_of_places_can_fail(text: str, bad: bool) -> None:
    assert bool(house.personal("README.md", text)) is bad
