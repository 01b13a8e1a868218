"""The folder is the registry."""

import subprocess
import sys

import pytest

from malmoi import registry
from malmoi.config import ConfigError

ROOMS = ("corpora", "tokenizers", "features", "models")


@pytest.mark.parametrize("room", ROOMS)
def test_names_are_the_files(room: str) -> None:
    found = registry.names(room)
    assert found
    assert not [name for name in found if name.startswith("_")]
    assert found == sorted(found)


def test_find_gives_the_module() -> None:
    assert registry.find("tokenizers", "characters").__name__ == "malmoi.tokenizers.characters"


def test_an_unknown_name_is_answered_with_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no model is called 'recurent'; did you mean 'recurrent'"):
        registry.find("models", "recurent")
    with pytest.raises(ConfigError, match="no tokenizer is called '_jvm'"):
        registry.find("tokenizers", "_jvm")


def test_names_import_nothing() -> None:
    code = "import sys; from malmoi import registry; [registry.names(r) for r in %r]; print([m for m in sys.modules if m.count('.') > 1])"
    found = subprocess.run([sys.executable, "-c", code % (ROOMS,)], capture_output=True, text=True, check=True).stdout
    assert "malmoi." not in found
