"""What every reader, and every corpus that installed packages carry, must do."""

import dataclasses
import unicodedata
from pathlib import Path

import pytest

from malmoi import config, registry
from malmoi.rows import Dropped, Example
from tasks import _catalogue, fetch, ingest

CATALOGUE = Path(__file__).parents[3] / "params" / "corpora.yaml"
BUNDLED = [name for name in _catalogue.names(CATALOGUE) if isinstance(_catalogue.corpus(CATALOGUE, name).source, _catalogue.Package)]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All bundled corpora, copied out of their packages."""
    folder = tmp_path_factory.mktemp("data")
    fetch.run([], True, None, folder, folder / "data.dvc", CATALOGUE)
    return folder


@pytest.mark.parametrize("name", registry.names("corpora"))
def test_a_reader_has_params_and_read(name: str) -> None:
    reader = registry.find("corpora", name)
    assert dataclasses.is_dataclass(reader.Params)
    assert callable(reader.read)
    assert reader.__doc__


@pytest.mark.parametrize("name", registry.names("corpora"))
def test_a_reader_refuses_unknown_options(name: str) -> None:
    with pytest.raises(config.ConfigError, match="unknown key 'no_such_option'"):
        config.read(registry.find("corpora", name).Params, {"text": "text", "no_such_option": 1}, "here")


@pytest.mark.parametrize("name", _catalogue.names(CATALOGUE))
def test_every_entry_of_the_catalogue_is_right(name: str) -> None:
    corpus = _catalogue.corpus(CATALOGUE, name)
    reader = registry.find("corpora", corpus.entry.reader.kind)
    config.read(reader.Params, corpus.entry.reader.options, name)
    assert corpus.entry.licence
    assert corpus.entry.citation
    if isinstance(corpus.source, _catalogue.Mirror):
        for remote in corpus.source.files.values():
            assert len(remote.sha256) == 64
            assert remote.address.startswith("https://")


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_corpus_reads_as_normalised_examples_with_unique_ids(name: str, data: Path) -> None:
    corpus = _catalogue.corpus(CATALOGUE, name)
    rows = list(ingest.read(corpus, _catalogue.files(corpus, data / name), name))
    dropped = [row for row in rows if isinstance(row, Dropped)]
    examples = [row for row in rows if isinstance(row, Example)]
    assert len(examples) >= 200
    assert len({example.id for example in examples}) == len(examples)
    assert all(unicodedata.is_normalized("NFC", example.text) for example in examples)
    assert all(row.reason and row.where for row in dropped)
    assert all((example.label is not None) == (corpus.entry.problem == "classify") for example in examples)


@pytest.mark.parametrize("name", ["delimited", "json_lines", "plain", "fasttext_labels"])
def test_text_readers_refuse_binary_files(name: str, tmp_path: Path) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR")
    reader = registry.find("corpora", name)
    params = config.read(reader.Params, {"text": "text"} if name in ("delimited", "json_lines") else {}, name)
    with pytest.raises(config.ConfigError, match=r"picture\.png"):
        list(reader.read([path], params))


def test_rows_come_from_all_files_in_order(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_text("one\n")
    (tmp_path / "a.txt").write_text("two\n")
    reader = registry.find("corpora", "plain")
    rows = list(reader.read([tmp_path / "b.txt", tmp_path / "a.txt"], reader.Params()))
    assert [row.id for row in rows if isinstance(row, Example)] == ["b.txt:1", "a.txt:1"]
