"""Arrays in files: what numpy reads, and the same bytes from every Python."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

from malmoi.npz import save_arrays


def test_arrays_are_noted_as_every_python_notes_them(tmp_path: Path) -> None:
    given = {
        "numbers": np.arange(6.0).reshape(2, 3),
        "words": np.array(["말", "word"]),
        "one": np.array(7),
        "none": np.zeros((0, 2), np.int32),
    }
    save_arrays(tmp_path / "a.npz", given)
    with zipfile.ZipFile(tmp_path / "a.npz") as file:
        for about in file.infolist():
            assert about.extract_version == 20  # 45 where there is room for more than 4 GiB
            assert not about.extra
            assert about.date_time == (1980, 1, 1, 0, 0, 0)
            assert about.compress_type == zipfile.ZIP_DEFLATED
    with np.load(tmp_path / "a.npz", allow_pickle=False) as found:
        assert {name: found[name].tolist() for name in found.files} == {name: array.tolist() for name, array in given.items()}
        assert [found[name].dtype for name in given] == [array.dtype for array in given.values()]
    with pytest.raises(ValueError, match="Object arrays"):
        save_arrays(tmp_path / "b.npz", {"object": np.array([{}], object)})
