"""The report says of each corpus what its data contract asks and what was measured."""

import json
from pathlib import Path

import pytest
from evaluated import CORPORA, write

from malmoi.config import ConfigError
from tasks import compare, promote, report

MEASURES = [
    {"what": "share of rows <left> out", "value": 0.0213, "limit": "at most 0.25", "key": "dropped", "broken": False, "examples": []},
    {"what": "examples of the smallest split", "value": 1234, "limit": "at least 10", "key": "examples", "broken": False, "examples": []},
]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    out = write(tmp_path / "out")
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", out / "compare")
    promote.run(out / "compare", out / "evaluate", out / "train", out / "promote")
    for corpus in CORPORA:
        (out / "profile" / corpus).mkdir(parents=True)
        (out / "profile" / corpus / "contract.json").write_text(json.dumps({"measures": MEASURES}), encoding="utf-8")
    return out


def page(out: Path, **more: Path) -> str:
    report.run(**{name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}, out=out / "report", **more)
    return (out / "report/index.html").read_text(encoding="utf-8")


def test_a_table_for_each_corpus(out: Path) -> None:
    found = page(out, profile=out / "profile")
    assert found.count("<caption>data contract: holds</caption>") == len(CORPORA)
    assert "share of rows &lt;left&gt; out</th><td>0.021</td><td>at most 0.25</td>" in found
    assert "<td>1,234</td><td>at least 10</td>" in found
    assert page(out, profile=out / "profile") == found


def test_without_profiles_nothing_is_said_of_contracts(out: Path) -> None:
    assert "data contract" not in page(out)


def test_a_missing_profile_is_named(out: Path) -> None:
    (out / "profile/law/contract.json").unlink()
    with pytest.raises(ConfigError, match=r"profile/law/contract\.json"):
        page(out, profile=out / "profile")
