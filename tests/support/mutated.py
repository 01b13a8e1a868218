"""Files as nobody meant them: bytes of a right file that are flipped, cut, doubled, encoded anew, or have odd things put between them.

How many are tried: a few, always the same ones, in the tests; MALMOI_FUZZ of them, other ones each time, where that is set (`make fuzz`).
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from malmoi.config import ConfigError

INPUTS = "MALMOI_FUZZ"
FEW = 60
ENCODINGS = ("utf-8", "utf-8-sig", "cp949", "euc-kr", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252", "latin-1", "ascii", "johab")
ODD = ("utf-7", "hz", "iso2022_kr", "gb18030", "shift_jis", "mac_roman", "utf-32-be", "UTF8", "korean-9", "undefined", "")
PIECES = (
    *(b"\0", b"\0" * 40, b"\xff", b"\x92", b"\xb0", b"\xed\xa0\x80", b"\xef\xbb\xbf", b"\xff\xfe", b"\x1a", b"\x7f", b"\xc2\xa0"),
    *(b"\r", b"\n", b"\r\n", b"\r\r\n", b"\n\n\n", b"\x0b", b"\x0c", b"\x1c", b"\xc2\x85", b"\xe2\x80\xa8"),
    *(b'"', b'""', b"'", b"\\", b",", b";", b"\t", b"|", b' "a" ', b", ", b"{", b"}", b"[", b"]", b":", b"<", b">", b"&", b"&#0;", b"]]>"),
    *("\u200b".encode(), "\ufeff".encode(), "\u3164".encode(), "\u202e".encode(), "\U0001f468\u200d\U0001f469".encode(), "각".encode()),
    *(b"\\ud83d", b"\\u0000", b"NaN", b"Infinity", b"null", b"true", b"1e999", b"9" * 30, b"9" * 5000, b"-0.0", b"nan", b"None"),
    *(b"[" * 2000, b'{"a":' * 500, b"x" * 200_000, "가".encode("cp949") * 50, "좋아요".encode() * 50, b"__label__", b"=" * 50, b"'" * 300),
)
FUZZED: Any = settings(
    max_examples=int(os.environ.get(INPUTS, FEW)),
    derandomize=INPUTS not in os.environ,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
Change = Callable[[bytes], bytes]


@contextmanager
def refused(*named: str) -> Iterator[None]:
    """A ConfigError may come, and names one of these (the file, an option); any other exception fails the test."""
    try:
        yield
    except ConfigError as error:
        if not any(name in str(error) for name in named):
            raise AssertionError(f"names none of {named}: {error}") from error


def encodings() -> st.SearchStrategy[str]:
    """Names of encodings: usual, odd, and none."""
    return st.sampled_from(ENCODINGS) | st.sampled_from(ODD)


def mutated(*seeds: bytes) -> st.SearchStrategy[bytes]:
    """One of the seeds after up to eight changes."""
    return st.tuples(st.sampled_from(seeds), st.lists(_changes(), max_size=8)).map(lambda drawn: _apply(*drawn))


def _apply(seed: bytes, changes: list[Change]) -> bytes:
    for change in changes:
        seed = change(seed)
    return seed[:1_000_000]


def _changes() -> st.SearchStrategy[Change]:
    place = st.floats(0, 1, exclude_max=True)
    piece = st.sampled_from(PIECES) | st.binary(max_size=8) | st.text(max_size=8).map(lambda text: text.encode("utf-8", "surrogatepass"))
    return st.one_of(
        st.tuples(place, st.integers(0, 255)).map(lambda at: lambda seed: _set(seed, *at)),
        st.tuples(place, piece).map(lambda at: lambda seed: _put(seed, at[0], 0, at[1])),
        st.tuples(place, st.integers(1, 30), piece).map(lambda at: lambda seed: _put(seed, at[0], at[1], at[2])),
        st.tuples(place, place).map(lambda at: lambda seed: seed[int(min(at) * len(seed)) : int(max(at) * len(seed)) + 1]),
        st.tuples(place, place, place).map(lambda at: lambda seed: _repeat(seed, *at)),
        st.tuples(st.sampled_from(ENCODINGS), st.sampled_from(ENCODINGS)).map(lambda both: lambda seed: _encode(seed, *both)),
        st.sampled_from([(b"\n", b"\r\n"), (b"\n", b"\r"), (b",", b";"), (b'"', b""), (b" ", b"\xc2\xa0"), (b"label", b"text")]).map(
            lambda swap: lambda seed: seed.replace(*swap)
        ),
    )


def _set(seed: bytes, place: float, value: int) -> bytes:
    at = int(place * len(seed))
    return seed[:at] + bytes([value]) + seed[at + 1 :]


def _put(seed: bytes, place: float, instead: int, piece: bytes) -> bytes:
    at = int(place * len(seed))
    return seed[:at] + piece + seed[at + instead :]


def _repeat(seed: bytes, start: float, end: float, place: float) -> bytes:
    first, last = sorted((int(start * len(seed)), int(end * len(seed))))
    return _put(seed, place, 0, seed[first:last])


def _encode(seed: bytes, read_as: str, write_as: str) -> bytes:
    return seed.decode(read_as, "replace").encode(write_as, "replace")
