"""Benchmarks as their files come: word pairs with people's judgements, analogy questions, articles whose similarity people judged.

A benchmark has a folder of its own, which `python -m tasks fetch` fills. All functions raise ConfigError: with the command that brings the
folder where it is not there, with file and line where it cannot be read.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from malmoi.config import ConfigError

Pair = tuple[str, str, float]  # two words and how similar people find them
Question = tuple[str, str, str, str]  # a is to b as c is to d


@dataclass(frozen=True)
class Judged:
    """Texts, and how similar people find each two of them: similarity, first, second: (pairs,), the latter two being numbers of texts."""

    texts: list[str]
    first: np.ndarray
    second: np.ndarray
    similarity: np.ndarray


def simlex(folder: Path) -> list[Pair]:
    """Word pairs of SimLex-999 (Hill et al., 2015), judged 0 to 10."""
    path = _file(folder, "simlex999.txt")
    lines = [(number, line) for number, line in enumerate(_lines(path), 1) if line.strip() and not line.startswith("#")]
    return [_pair(line, f"{path}:{number}") for number, line in lines]


def _pair(line: str, where: str) -> Pair:
    try:
        first, second, judged = line.split("\t")
        return first, second, float(judged)
    except ValueError:
        raise ConfigError(f"{where}: should be word<TAB>word<TAB>number, found {line!r}") from None


def analogies(folder: Path) -> dict[str, list[Question]]:
    """Questions by section (Mikolov et al., 2013), in the file's order; a section begins with a line `: name`."""
    path = _file(folder, "questions-words.txt")
    sections: dict[str, list[Question]] = {}
    section = None
    for number, line in enumerate(_lines(path), 1):
        words = line.split()
        if line.startswith(":"):
            section = sections.setdefault(line[1:].strip(), [])
        elif len(words) == 4 and section is not None:
            section.append((words[0], words[1], words[2], words[3]))
        elif words:
            raise ConfigError(f"{path}:{number}: should be four words under a line `: section`, found {line!r}")
    return sections


def documents(folder: Path) -> Judged:
    """The 50 news articles of Lee et al. (2005), one in a line, and the matrix of judgements, which is filled above its diagonal."""
    path = _file(folder, "similarities0-1.txt")
    texts = [line for line in _lines(_file(folder, "lee.cor"), "cp1252") if line.strip()]
    try:
        matrix = np.loadtxt(path, ndmin=2)
    except ValueError as error:
        raise ConfigError(f"{path}: should be a matrix of numbers: {error}") from None
    if matrix.shape != (len(texts), len(texts)):
        raise ConfigError(f"{path}: a {matrix.shape[0]} x {matrix.shape[1]} matrix, but lee.cor has {len(texts)} articles")
    first, second = np.triu_indices(len(texts), 1)
    return Judged(texts, first, second, matrix[first, second])


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise ConfigError(f"{path}: no such file; run: python -m tasks fetch {folder.name}   (or --bundled for all that packages carry)")
    return path


def _lines(path: Path, encoding: str = "utf-8") -> list[str]:
    return path.read_text(encoding=encoding).split("\n")
