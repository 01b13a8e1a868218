"""deploy/compose.yaml without Docker: what each of its services runs, as a plain process would get it."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
VARIABLE = re.compile(r"\$(?:(\$)|\{(\w+)(?::\?)?\})")


@dataclass(frozen=True)
class Service:
    """command and check: what is started, and what tells whether it is well; environment: what is added for both."""

    command: list[str]
    check: list[str]
    environment: dict[str, str]


def filled(value: Any, given: dict[str, str]) -> Any:
    """Compose's interpolation: ${NAME} and ${NAME:?} from `given`, $$ for $. Raises KeyError where one is not given."""
    if isinstance(value, str):
        return VARIABLE.sub(lambda found: "$" if found[1] else given[found[2]], value)
    if isinstance(value, list):
        return [filled(one, given) for one in value]
    return {key: filled(one, given) for key, one in value.items()} if isinstance(value, dict) else value


def services(given: dict[str, str]) -> dict[str, Service]:
    """All services, with the variables of deploy/.env."""
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    found = filled(file["services"], given)
    checks = {name: one.get("healthcheck", {}).get("test", [])[1:] for name, one in found.items()}
    return {name: Service(one["command"], checks[name], one.get("environment", {})) for name, one in found.items()}


def config(name: str, given: dict[str, str]) -> str:
    """The content of a file that compose writes for its services."""
    file = yaml.safe_load((ROOT / "deploy/compose.yaml").read_text(encoding="utf-8"))
    return str(filled(file["configs"][name]["content"], given))


def secret() -> dict[str, str]:
    """deploy/example.env with a password wherever one is needed."""
    return {name: value or f"{name.lower()}-secret" for name, value in example().items()}


def example() -> dict[str, str]:
    """deploy/example.env."""
    lines = (ROOT / "deploy/example.env").read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
