"""The folder is the registry: a file in a room is a member of it, and no list is kept by hand.

`names` reads file names and imports nothing; `find` imports the one member that was asked for, so that a stage pays only for the
packages it uses.
"""

import difflib
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

from malmoi.config import ConfigError

HERE = Path(__file__).parent
SHOWN = 20  # names in an error message
SINGULAR = {"corpora": "corpus reader", "tokenizers": "tokenizer", "features": "feature", "models": "model"}


@cache
def names(room: str) -> list[str]:
    """Names of the members of `room` ("models", "tokenizers", ...), sorted; files that start with an underscore are no members."""
    return sorted(file.stem for file in (HERE / room).glob("*.py") if not file.name.startswith("_"))


def find(room: str, name: str) -> ModuleType:
    """The module `malmoi/<room>/<name>.py`. Raises ConfigError, with the names there are, where it does not exist.

    >>> find("tokenizers", "characters").__name__
    'malmoi.tokenizers.characters'
    """
    if name not in names(room):
        raise ConfigError(f"no {SINGULAR.get(room, room)} is called {name!r}{suggest(name, names(room))}")
    return import_module(f"malmoi.{room}.{name}")


def suggest(name: str, known: list[str]) -> str:
    """End of an error message: the nearest known name, and all of them, or the first twenty."""
    near = difflib.get_close_matches(name, known, n=1)
    more = f" and {len(known) - SHOWN} more" if len(known) > SHOWN else ""
    return (f"; did you mean {near[0]!r}?" if near else ";") + f" there are: {', '.join(known[:SHOWN]) or 'none'}{more}"
