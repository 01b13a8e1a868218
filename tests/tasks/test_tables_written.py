"""Values of any kind go into Parquet as they are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from malmoi.config import ConfigError
from tasks import _tables_written


@pytest.mark.parametrize(
    "parts", [[[[None, None]]], [[[None], []], [[1, None]]], [[{"a": [None, None, None]}]], [[[[None, None], []]], [None]]]
)
def test_lists_of_nothing_but_nulls(tmp_path: Path, parts: list[list[Any]]) -> None:
    files = [tmp_path / f"{number}.parquet" for number in range(len(parts))]
    for file, values in zip(files, parts, strict=True):
        pq.write_table(pa.table({"id": values, "label": ["긍정"] * len(values)}), file)
    _tables_written.write(tmp_path / "out.parquet", files)
    assert pq.read_table(tmp_path / "out.parquet").column("id").to_pylist() == [value for values in parts for value in values]


@pytest.mark.parametrize(("long", "fraction"), [(2**53 + 1, 0.5), ([2**60 + 1], [0.5]), ({"x": 2**53 + 1}, {"x": 0.5})])
def test_a_number_that_would_not_stay_what_it_is_is_an_error(tmp_path: Path, long: Any, fraction: Any) -> None:
    files = [tmp_path / "0.parquet", tmp_path / "1.parquet"]
    for file, value in zip(files, (long, fraction), strict=True):
        pq.write_table(pa.table({"id": [value], "label": ["긍정"]}), file)
    with pytest.raises(ConfigError, match=r"column 'id' holds values .*write \.jsonl"):
        _tables_written.write(tmp_path / "out.parquet", files)
    _tables_written.write(tmp_path / "out.jsonl", files)
    assert str(2**53 + 1 if long != [2**60 + 1] else 2**60 + 1) in (tmp_path / "out.jsonl").read_text(encoding="utf-8")
