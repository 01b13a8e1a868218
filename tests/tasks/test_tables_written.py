"""Values of any kind go into Parquet as they are."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

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
