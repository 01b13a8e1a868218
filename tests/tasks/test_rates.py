"""Tokenizers side by side: those that are switched on, and no table `intrinsic` is no harm."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from malmoi.config import ConfigError
from tasks import rates


def project(folder: Path, **tables: Any) -> None:
    (folder / "law.yaml").write_text(yaml.safe_dump({"tokens": {"law-characters": {}}, **tables}))
    (folder / "dvc.yaml").write_text("vars:\n  - intrinsic: {}\n  - law.yaml\n")


def cut(folder: Path, name: str) -> None:
    test = {"tokens_per_eojeol": 4.25, "characters_per_token": 1.0, "type_token_ratio": 0.1, "unknown_rate": 0.01, "failed": 0}
    about = {"corpus": "law", "language": "ko", "name": "characters", "options": {"limit": 3}, "lossless": True}
    files = {"card.json": {"vocabulary": 418, "splits": {"test": test | {"tokens": 99}}}, "tokenizer.json": about}
    (folder / "tokens" / name).mkdir(parents=True)
    for file, content in files.items():
        (folder / "tokens" / name / file).write_text(json.dumps(content))


def made(folder: Path) -> Any:
    rates.run(folder / "tokens", folder / "dvc.yaml", folder / "out", folder / "graded", folder / "probed")
    return json.loads((folder / "out/rates.json").read_text())


def test_what_is_switched_on_is_there_and_nothing_else(tmp_path: Path) -> None:
    project(tmp_path, intrinsic={"law-vectors": {}}, grades={"law-okt": {}, "law-jamo": {}})
    for name in ("law-characters", "law-old"):
        cut(tmp_path, name)
    found = made(tmp_path)
    assert found["intrinsic"] == ["law-vectors"]
    assert json.loads((tmp_path / "graded/grades.json").read_text()) == ["law-jamo", "law-okt"]
    assert found["tokens"] == [
        {
            "name": "law-characters",
            "corpus": "law",
            "language": "ko",
            "tokenizer": "characters (limit 3)",
            "lossless": True,
            "vocabulary": 418,
            "tokens_per_eojeol": 4.25,
            "characters_per_token": 1.0,
            "type_token_ratio": 0.1,
            "unknown_rate": 0.01,
            "failed": 0,
        }
    ]


@pytest.mark.parametrize("tables", [{}, {"intrinsic": {}}, {"intrinsic": None}])
def test_an_empty_table_is_no_error(tmp_path: Path, tables: dict[str, Any]) -> None:
    project(tmp_path, **tables)
    cut(tmp_path, "law-characters")
    assert made(tmp_path)["intrinsic"] == []


def test_tokens_that_were_not_made_are_an_error(tmp_path: Path) -> None:
    project(tmp_path)
    with pytest.raises(ConfigError, match=r"law-characters/tokenizer.json: no such file; `dvc repro` makes it"):
        made(tmp_path)
