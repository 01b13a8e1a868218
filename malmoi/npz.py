"""Arrays in files: .npz as `numpy.load` reads it, the same bytes for the same numbers.

numpy's own `savez` asks `zipfile` for room for sizes beyond 4 GiB, which Python 3.11.2 and 3.11.7 note differently; then the hash of every
output differs from machine to machine, and DVC runs what depends on it again.
"""

import zipfile
from pathlib import Path

import numpy as np


def save_arrays(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """Write `arrays`, by their names, compressed, without pickle. Raises ValueError for an array that only pickle could write."""
    with zipfile.ZipFile(path, "w") as file:
        for name, array in arrays.items():
            about = zipfile.ZipInfo(f"{name}.npy")  # of 1980
            about.compress_type, about.file_size = zipfile.ZIP_DEFLATED, array.nbytes
            with file.open(about, "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
