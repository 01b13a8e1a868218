"""What the image installs: all that the code needs, and nothing of what only tests and checks need."""

import ast
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from flows import runtime_lock
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[2]
ALL = runtime_lock.entries((ROOT / runtime_lock.LOCK).read_text(encoding="utf-8"))
RUN = runtime_lock.entries((ROOT / runtime_lock.RUN).read_text(encoding="utf-8"))


def test_it_is_a_part_of_the_lock_with_all_hashes() -> None:
    assert RUN.items() < ALL.items()
    assert all("--hash=sha256:" in text for _, text in RUN.values())


def test_no_package_of_tests_and_checks_is_in_it() -> None:
    unwanted = {"pytest", "pytest-xdist", "hypothesis", "moto", "mypy", "ruff", "iniconfig", "execnet", "types-pyyaml", "pandas-stubs"}
    assert unwanted <= set(ALL)
    assert unwanted & set(RUN) == set()


def test_it_is_what_the_locks_and_the_installed_packages_say() -> None:
    assert runtime_lock.made() == (ROOT / runtime_lock.RUN).read_text(encoding="utf-8")


def imported() -> set[str]:
    """Top names of all that the code imports."""
    found: set[str] = set()
    for path in [file for folder in ("malmoi", "tasks", "flows") for file in (ROOT / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            found |= {name.partition(".")[0] for name in names}
    return found


def test_all_that_the_code_imports_is_in_it() -> None:
    owners = packages_distributions()
    others = imported() - set(sys.stdlib_module_names) - {"malmoi", "tasks", "flows"}
    needed = {name: {canonicalize_name(one) for one in owners.get(name, [])} for name in others}
    assert {"numpy", "dvc", "prefect", "mlflow", "distributed"} <= needed.keys()
    assert {name: owner for name, owner in needed.items() if owner and not owner & set(RUN)} == {}


def test_what_services_need_that_no_code_imports() -> None:
    assert {"boto3", "psycopg2-binary", "asyncpg", "gunicorn"} <= set(RUN)  # MLflow on S3 and PostgreSQL, Prefect on PostgreSQL


def test_another_version_than_the_locks_is_an_error() -> None:
    with pytest.raises(ConfigError, match=r"requirements\.lock has pytest 0, but .* is installed: make setup"):
        runtime_lock.runtime({"pytest": ("0", "pytest==0\n")}, [Requirement("pytest")])


def test_what_is_needed_only_on_another_system_stays() -> None:
    assert {"waitress", "tzdata"} <= set(RUN)  # of MLflow on Windows, of pandas
