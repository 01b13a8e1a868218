"""Benchmarks read as their files come, damaged ones with the place, missing ones with the command."""

from pathlib import Path

import pytest

from malmoi import benchmarks
from malmoi.config import ConfigError


def write(folder: Path, name: str, text: str, encoding: str = "utf-8") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(text, encoding=encoding)
    return folder


def test_simlex_has_comments_and_tabs(tmp_path: Path) -> None:
    folder = write(tmp_path / "simlex", "simlex999.txt", "# Word 1\tWord 2\nold\tnew\t1.58\n\nsmart\tintelligent\t9.2\n")
    assert benchmarks.simlex(folder) == [("old", "new", 1.58), ("smart", "intelligent", 9.2)]
    write(folder, "simlex999.txt", "# x\nold new 1.58\n")
    with pytest.raises(ConfigError, match=r"simlex999.txt:2: should be word<TAB>word<TAB>number, found 'old new 1.58'"):
        benchmarks.simlex(folder)


def test_analogies_come_in_sections(tmp_path: Path) -> None:
    folder = write(tmp_path / "analogies", "questions-words.txt", ": family\nboy girl man woman\n: capital\n: gram1\na b c d\ne f g h\n")
    found = benchmarks.analogies(folder)
    assert {name: len(questions) for name, questions in found.items()} == {"family": 1, "capital": 0, "gram1": 2}
    assert found["family"] == [("boy", "girl", "man", "woman")]
    for text, line in (("a b c d\n", 1), (": x\na b c\n", 2)):
        write(folder, "questions-words.txt", text)
        with pytest.raises(ConfigError, match=rf"questions-words.txt:{line}: should be four words under a line `: section`"):
            benchmarks.analogies(folder)


def test_documents_are_judged_above_the_diagonal(tmp_path: Path) -> None:
    folder = write(tmp_path / "documents", "lee.cor", "It cost £5.\nOne\nTwo\n", "cp1252")
    write(folder, "similarities0-1.txt", "1\t0.3\t0.2\n0\t1\t0.9\n0\t0\t1\n")
    found = benchmarks.documents(folder)
    assert found.texts == ["It cost £5.", "One", "Two"]
    assert list(zip(found.first.tolist(), found.second.tolist(), found.similarity.tolist(), strict=True)) == [
        (0, 1, 0.3),
        (0, 2, 0.2),
        (1, 2, 0.9),
    ]
    write(folder, "similarities0-1.txt", "1\t0.3\n0\t1\n")
    with pytest.raises(ConfigError, match=r"a 2 x 2 matrix, but lee.cor has 3 articles"):
        benchmarks.documents(folder)
    write(folder, "similarities0-1.txt", "1\tx\n")
    with pytest.raises(ConfigError, match="should be a matrix of numbers"):
        benchmarks.documents(folder)


@pytest.mark.parametrize("name", ["simlex", "analogies", "documents"])
def test_a_missing_file_is_an_error_with_the_command_that_brings_it(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"no such file; run: python -m tasks fetch {name} "):
        getattr(benchmarks, name)(tmp_path / name)
