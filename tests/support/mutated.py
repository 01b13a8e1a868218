"""Bytes that were good once: what hypothesis draws to break readers and commands with."""

import os
from collections.abc import Callable

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

EXAMPLES = int(os.environ.get("MALMOI_FUZZ", "60"))  # inputs for each thing that is fuzzed; `make fuzz` says 10,000
RUN = settings(
    max_examples=EXAMPLES,
    derandomize="MALMOI_FUZZ" not in os.environ,  # the everyday tests draw the same inputs each time
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

ODD = [
    b"\0", b"\xff", b"\xfe\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\r", b"\r\n", b"\n", b"\x1a", b"\x1f", b"\xc0\x80", b"\xf5",
    b'"', b'""', b"'", b",", b";", b"\t", b"\\", b"\\ud83d", b"{", b"}", b"[", b"]", b":", b"#", b"&a", b"*a", b"!!python/object:os.system",
    b"NaN", b"Infinity", b"-1", b"1e999", b"0x10", b"010", b"yes", b"null", b"~", b"true", b"9" * 400, b" ", b"\xe2\x80\xa8", b"\xc2\x85",
    "가".encode(), "각".encode(), "한".encode("cp949"), "\u200b\ufeff".encode(), b"../", b"\xd0\xcf\x11\xe0", b"PK\x03\x04",
]  # fmt: skip


def mutations(seeds: list[bytes]) -> st.SearchStrategy[bytes]:
    """One of `seeds`, changed a few times: bytes flipped, cut out, repeated, moved, odd ones put in; or bytes of any kind."""

    @st.composite
    def mutated(draw: st.DrawFn) -> bytes:
        data = bytearray(draw(st.sampled_from(seeds)))
        for _ in range(draw(st.integers(0, 6))):
            draw(st.sampled_from(CHANGES))(draw, data)
        encoding = draw(st.sampled_from(["", "", "", "utf-16", "utf-16-le", "cp949", "utf-8-sig"]))
        return bytes(data).decode("utf-8", "replace").encode(encoding, "replace") if encoding else bytes(data)

    return st.one_of(
        mutated(), mutated(), mutated(), st.binary(max_size=200), st.text(max_size=100).map(lambda text: text.encode("utf-8", "replace"))
    )


def _place(draw: st.DrawFn, data: bytearray) -> int:
    return draw(st.integers(0, len(data)))


def _flip(draw: st.DrawFn, data: bytearray) -> None:
    if data:
        place = draw(st.integers(0, len(data) - 1))
        data[place] ^= 1 << draw(st.integers(0, 7))


def _cut(draw: st.DrawFn, data: bytearray) -> None:
    start = _place(draw, data)
    del data[start : start + draw(st.integers(1, 40))]


def _insert(draw: st.DrawFn, data: bytearray) -> None:
    place = _place(draw, data)
    data[place:place] = draw(st.sampled_from(ODD)) * draw(st.sampled_from([1, 1, 1, 2, 50]))


def _repeat(draw: st.DrawFn, data: bytearray) -> None:
    start = _place(draw, data)
    part = data[start : start + draw(st.integers(1, 60))]
    place = _place(draw, data)
    data[place:place] = part * draw(st.integers(1, 3))


def _truncate(draw: st.DrawFn, data: bytearray) -> None:
    del data[_place(draw, data) :]


def _swap_lines(draw: st.DrawFn, data: bytearray) -> None:
    lines = bytes(data).split(b"\n")
    data[:] = b"\n".join(draw(st.permutations(lines[:12])) + lines[12:])


CHANGES: list[Callable[[st.DrawFn, bytearray], None]] = [_flip, _cut, _insert, _insert, _repeat, _truncate, _swap_lines]
