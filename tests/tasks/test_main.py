"""`python -m tasks`: finds the stage, says what there is, and turns a user's mistake into one clear line."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks import __main__ as door

ROOT = Path(__file__).resolve().parents[2]
HEAVY = [
    "tensorflow",
    "keras",
    "sklearn",
    "scipy",
    "gensim",
    "konlpy",
    "jpype",
    "mlflow",
    "dvc",
    "prefect",
    "pandas",
    "matplotlib",
    "statsmodels",
]

# Asks every stage for its help in one process, and tells after each what has been imported by then.
EVERY_HELP = """
import contextlib, io, json, sys
from tasks.__main__ import main, names
found = {}
for name in names():
    with contextlib.redirect_stdout(io.StringIO()) as said, contextlib.suppress(SystemExit):
        main([name, "--help"])
    found[name] = [said.getvalue(), sorted(set(sys.modules) & set(sys.argv[1:]))]
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def helps() -> dict[str, list]:
    done = subprocess.run([sys.executable, "-c", EVERY_HELP, *HEAVY], cwd=ROOT, capture_output=True, text=True, check=True, timeout=240)
    return dict(json.loads(done.stdout))


def test_without_a_stage_it_lists_all_with_what_they_do(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main([]) == 0
    listed = capsys.readouterr().out
    assert all(f"  {name} " in listed and door.summary(name) for name in door.names())
    assert door.main(["--help"]) == 0


def test_names_are_the_files_that_are_stages() -> None:
    assert {"ingest", "tokens", "features", "train", "evaluate", "compare", "promote", "report", "enable"} <= set(door.names())
    assert not [name for name in door.names() if name.startswith("_")]


def test_every_stage_has_a_help(helps: dict[str, list]) -> None:
    assert set(helps) == set(door.names())
    assert {name for name, (said, _) in helps.items() if f"usage: python -m tasks {name}" not in said} == set()


def test_no_help_imports_a_heavy_package(helps: dict[str, list]) -> None:
    assert {name: loaded for name, (_, loaded) in helps.items() if loaded} == {}


def test_an_unknown_stage_is_told_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["trian"]) == 1
    said = capsys.readouterr().err
    assert "no stage is called 'trian'" in said
    assert "train" in said.split("there are: ")[1]


def test_a_mistake_of_the_user_is_said_without_a_traceback(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tasks", "enable", "nothing", "--pipeline", str(tmp_path / "dvc.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "Traceback" not in done.stderr


def test_errors_and_interruptions_have_their_status(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from tasks import disable

    def refuse(**options: object) -> None:
        raise ConfigError("params/x.yaml: unknown key 'unit'")

    def interrupt(**options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(door.signal, "signal", lambda *_: None)
    monkeypatch.setattr(disable, "run", refuse)
    assert door.main(["disable", "bills"]) == 1
    assert capsys.readouterr().err == "error: params/x.yaml: unknown key 'unit'\n"
    monkeypatch.setattr(disable, "run", interrupt)
    assert door.main(["disable", "bills"]) == 130


def test_an_error_of_the_program_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    from tasks import disable

    def fail(**options: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(door.signal, "signal", lambda *_: None)
    monkeypatch.setattr(disable, "run", fail)
    with pytest.raises(RuntimeError, match="a bug"):
        door.main(["disable", "bills"])
