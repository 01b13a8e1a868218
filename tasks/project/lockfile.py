"""Read dvc.lock: what each stage last ran with, and what it made.

The file is large (350 kB, 100 stages), so it is parsed by libyaml, some twelve times as fast as PyYAML's own parser, and once for the same
content.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from malmoi.config import ConfigError

NAME = "dvc.lock"
CONFLICT = re.compile(r"^<{7} |^>{7} ", re.MULTILINE)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # where PyYAML was built without libyaml, its own


def stages(path: Path) -> Mapping[str, Any]:
    """Stages of a dvc.lock by name; {} where there is no such file. The same object for the same content: do not change it.

    Raises ConfigError where it cannot be read.
    """
    return parse_stages(path.read_bytes().decode("utf-8", "replace")) if path.is_file() else {}


@lru_cache(maxsize=8)
def parse_stages(text: str) -> Mapping[str, Any]:
    """Stages of a dvc.lock's text by name. The same object for the same text: do not change it. Raises ConfigError where it is none."""
    try:
        return dict((yaml.load(text, Loader=LOADER) or {}).get("stages", {}))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        raise ConfigError(f"{NAME}: {_why(text, error)}") from None


def _why(text: str, error: Exception) -> str:
    if CONFLICT.search(text):
        return "git left a conflict in it: take either side (git checkout --ours dvc.lock), then `make`, which brings it up to date"
    mark = getattr(error, "problem_mark", None)
    line = f" (line {mark.line + 1})" if mark else ""
    return f"not as DVC writes it{line}: take that of a commit (git checkout dvc.lock), then `make`, which brings it up to date"
