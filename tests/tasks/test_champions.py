"""champions/history.yaml, as people and merges leave it."""

from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks import _champions


@pytest.mark.parametrize(
    "text", ["- by: !!int x", "a: [{}", "a: {by: first, by: force}", "a: [{by: first, seed: yes: x}]", "a: !!timestamp x"]
)
def test_a_history_of_champions_that_is_none_says_where(tmp_path: Path, text: str) -> None:
    (tmp_path / "history.yaml").write_text(text)
    with pytest.raises(ConfigError, match=r"history\.yaml"):
        _champions.read(tmp_path)
