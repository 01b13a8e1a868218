"""Vocabularies: counting tokens, putting them in order, cutting the rare ones, and a file that holds any token safely."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from malmoi.config import ConfigError

Entries = list[tuple[str, int]]  # (token, count)
UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")  # line ends to some readers, or no UTF-8 at all; JSON leaves them as they are


def count(documents: Iterable[Iterable[str]]) -> Counter[str]:
    """How often each token comes, over all documents.

    >>> count([["말", "모이"], ["말"]])
    Counter({'말': 2, '모이': 1})
    """
    counts: Counter[str] = Counter()
    for tokens in documents:
        counts.update(tokens)
    return counts


def order(counts: Mapping[str, int], min_count: int = 1, max_size: int | None = None) -> Entries:
    """Tokens that come at least `min_count` times, the `max_size` most frequent of them: by falling count, equal ones by code point.

    >>> order({"b": 1, "a": 1, "c": 5})
    [('c', 5), ('a', 1), ('b', 1)]
    """
    kept = [(token, number) for token, number in counts.items() if number >= min_count]
    return sorted(kept, key=lambda entry: (-entry[1], entry[0]))[:max_size]


def check_cuts(min_count: int, max_size: int | None) -> None:
    """Raises ValueError where cut-offs make no sense; for a Params' own check."""
    if min_count < 1:
        raise ValueError(f"min_count should be 1 (keep all) or more, not {min_count}")
    if max_size is not None and max_size < 1:
        raise ValueError(f"max_size should be 1 or more, or left out to keep all, not {max_size}")


def save(path: Path, entries: Iterable[tuple[str, int]]) -> None:
    """Write `token<TAB>count` lines, in the order given. Control characters, quotes and backslashes are escaped as in JSON strings."""
    with open(path, "w", encoding="utf-8", newline="\n") as file:
        file.writelines(f"{_escape(token)}\t{number}\n" for token, number in entries)


def load(path: Path) -> Entries:
    """Read what `save` wrote. Raises ConfigError with the line where it cannot be read."""
    return list(read(path))


def read(path: Path) -> Iterator[tuple[str, int]]:
    """As `load`, an entry at a time."""
    with open(path, encoding="utf-8", newline="\n") as file:
        for number, line in enumerate(file, 1):
            try:
                yield _entry(line)
            except ValueError:
                raise ConfigError(f"{path}:{number}: should be token<TAB>count, found {line!r}") from None


def _entry(line: str) -> tuple[str, int]:
    token, number = line.rstrip("\n").split("\t")
    return (json.loads(f'"{token}"') if "\\" in token else token), int(number)


def _escape(token: str) -> str:
    return UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", json.dumps(token, ensure_ascii=False)[1:-1])
