"""corpora: the table of what there is."""

from pathlib import Path

import pytest

from tasks import corpora, fetch
from tasks.__main__ import main

CATALOGUE = Path(__file__).parents[2] / "params" / "corpora.yaml"


def test_the_table_says_what_is_present_and_how_to_get_the_rest(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data, pins = tmp_path / "data", tmp_path / "data.dvc"
    fetch.run(["bills"], False, None, data, pins, CATALOGUE)
    (data / "tinyshakespeare").mkdir()
    (data / "tinyshakespeare" / "input.txt").write_text("cut")
    capsys.readouterr()
    assert main(["corpora", "--data", str(data), "--pins", str(pins), "--catalogue", str(CATALOGUE)]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if not line.startswith(" ")}
    assert lines["bills"].split() == ["bills", "ko", "classify", "94.0", "kB", "present"]
    assert lines["news"].endswith("python -m tasks fetch --bundled")
    assert lines["nsmc"].endswith("19.5 MB  python -m tasks fetch nsmc")
    assert "damaged (input.txt)" in lines["tinyshakespeare"]
    assert lines["simlex"].split()[:3] == ["simlex", "en", "benchmark"]
    assert lines["simlex"].endswith("python -m tasks fetch --bundled")


def test_details_name_licence_address_and_checksum(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "sst2", "--catalogue", str(CATALOGUE)]) == 0
    told = capsys.readouterr().out
    assert "licence   not stated" in told
    assert "dev.tsv  https://raw.githubusercontent.com/clairett/" in told
    assert "sha256 eddea6b39e601dd4e7a672b53cc40fdf6019fa80522f351206c24340ca5d9359  92,057 bytes" in told


def test_columns_line_up_where_hangul_is_two_wide() -> None:
    assert corpora.table([("가나", "x"), ("abc", "y")]) == ["가나  x", "abc   y"]


def test_a_benchmark_is_told_of_and_has_no_reader(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["corpora", "documents", "--catalogue", str(CATALOGUE)]) == 0
    told = capsys.readouterr().out
    assert "problem   benchmark" in told
    assert "file      gensim: test/test_data/similarities0-1.txt" in told
    assert "reader" not in told
