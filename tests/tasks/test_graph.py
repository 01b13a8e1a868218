"""Which experiments dvc.yaml switches on, in every way in which `vars:` may name them."""

from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks import _graph

VARS = """\
vars:
  - params/bills.yaml
  # - params/off.yaml
  - params/law.yaml:ingest,experiments
  - params/news.yaml:ingest
  - params/bare.yaml
  - {experiments: {written-here: {}}, other: 1}
"""


def test_experiments_of_all_that_is_switched_on(tmp_path: Path) -> None:
    (tmp_path / "params").mkdir()
    for name in ("bills", "off", "law", "news"):
        (tmp_path / f"params/{name}.yaml").write_text(f"ingest: {{{name}: {{}}}}\nexperiments: {{{name}-a: {{}}, {name}-b: {{}}}}\n")
    (tmp_path / "params/bare.yaml").write_text("experiments:\n")
    (tmp_path / "dvc.yaml").write_text(VARS)
    assert _graph.experiments(tmp_path / "dvc.yaml") == {"bills-a", "bills-b", "law-a", "law-b", "written-here"}


@pytest.mark.parametrize("text", ["stages: {}\n", "vars:\n  # - params/bills.yaml\n"])
def test_none_switched_on_is_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "dvc.yaml").write_text(text)
    with pytest.raises(ConfigError, match="python -m tasks enable NAME"):
        _graph.experiments(tmp_path / "dvc.yaml")


def test_a_listed_file_that_is_missing_is_named(tmp_path: Path) -> None:
    (tmp_path / "dvc.yaml").write_text("vars: [params/gone.yaml]\n")
    with pytest.raises(ConfigError, match=r"params/gone\.yaml: no such file"):
        _graph.experiments(tmp_path / "dvc.yaml")
