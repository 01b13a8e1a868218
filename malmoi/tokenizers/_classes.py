"""Java's class files, changed before the Java machine loads them: where an analyzer wastes most of its time in one method.

The changes are in the program's memory alone; what they do to the result (nothing) is what the tests of each analyzer compare.
"""

import struct
import zipfile
from collections.abc import Callable, Iterator

from malmoi.tokenizers import _jvm

# Bytes after the tag of each kind of constant in a class file (Java Virtual Machine Specification, 4.4), text apart
WIDTH = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 18: 4}

Attribute = tuple[tuple[int, int], int, int, int]  # numbers of its owner's name and kind and of its own name; place; length


def redefine(jar: str, name: str, neighbour: str, change: Callable[[bytes], bytes]) -> None:
    """Give the Java machine a class of one of KoNLPy's jars, changed, before it looks for its own.

    name: of the class, with dots. neighbour: another class of its package, which is loaded without it.
    """
    import jpype

    handles = jpype.JClass("java.lang.invoke.MethodHandles")
    loader = jpype.java.lang.ClassLoader.getSystemClassLoader()
    beside = jpype.java.lang.Class.forName(name.rpartition(".")[0] + "." + neighbour, False, loader)
    changed = jpype.JArray(jpype.JByte)(change(read(jar, name)))
    handles.privateLookupIn(beside, handles.lookup()).defineClass(changed)


def read(jar: str, name: str) -> bytes:
    """A class of one of KoNLPy's jars."""
    with zipfile.ZipFile(_jvm.jars() / jar) as opened:
        return opened.read(name.replace(".", "/") + ".class")


def with_body(code: bytes, method: tuple[str, str], change: Callable[[bytes], bytes]) -> bytes:
    """The class with other instructions, without branches, in the method of that name and kind. change: old instructions to new."""
    start, length = body(code, method)
    new = change(instructions(code[start : start + length]))
    attribute = struct.pack(">HHI", 1, 1, len(new)) + new + bytes(4)  # one value on the stack, one local; no handlers, no attributes
    return code[: start - 4] + struct.pack(">I", len(attribute)) + attribute + code[start + length :]


def strings(code: bytes) -> dict[str, int]:
    """The text constants of a class, and the number that instructions load each by (4.4.3)."""
    entries, _ = _constants(code)
    return {entries[_short(value, 0)][1].decode("utf-8", "replace"): number for number, (kind, value) in entries.items() if kind == 8}


def members(code: bytes) -> dict[str, int]:
    """Fields and methods that a class uses, by name and kind (size()I), and the number that instructions name each by (4.4.2)."""
    entries, _ = _constants(code)
    named = {number: entries[_short(value, 2)][1] for number, (kind, value) in entries.items() if kind in (9, 10, 11)}  # name and type
    return {b"".join(entries[_short(pair, at)][1] for at in (0, 2)).decode("utf-8", "replace"): number for number, pair in named.items()}


def instructions(attribute: bytes) -> bytes:
    """Those of a method's Code attribute (4.7.3)."""
    return attribute[8 : 8 + int.from_bytes(attribute[4:8], "big")]


def body(code: bytes, method: tuple[str, str]) -> tuple[int, int]:
    """Where in a class file the Code attribute of a method is, its head apart, and its length. Raises ValueError without it."""
    found = next(_bodies(code, method[0].encode(), method[1].encode()), None)
    if found is None:
        raise ValueError(f"no method {method[0]}{method[1]}")
    return found


def _bodies(code: bytes, name: bytes, kind: bytes) -> Iterator[tuple[int, int]]:
    """Where, in a class file, the code of the methods of that name is, and its length (Java Virtual Machine Specification, 4.1)."""
    entries, at = _constants(code)
    for owner, attribute, place, length in _attributes(code, at + 8 + 2 * _short(code, at + 6)):
        if [entries[number][1] for number in (*owner, attribute)] == [name, kind, b"Code"]:
            yield place, length


def _attributes(code: bytes, at: int) -> Iterator[Attribute]:
    for _ in range(2):  # fields, then methods
        count, at = _short(code, at), at + 2
        for _ in range(count):
            found, at = _member(code, at)
            yield from found


def _member(code: bytes, at: int) -> tuple[list[Attribute], int]:
    """The attributes of one field or method, and where the next one begins."""
    owner, count = (_short(code, at + 2), _short(code, at + 4)), _short(code, at + 6)
    found, at = [], at + 8
    for _ in range(count):
        length = int.from_bytes(code[at + 2 : at + 6], "big")
        found.append((owner, _short(code, at), at + 6, length))
        at += 6 + length
    return found, at


def _constants(code: bytes) -> tuple[dict[int, tuple[int, bytes]], int]:
    """Kind and value of each constant by its number, and where they end."""
    entries, at, index = dict[int, tuple[int, bytes]](), 10, 1
    while index < _short(code, 8):
        kind, start = code[at], at + (3 if code[at] == 1 else 1)
        at = start + (_short(code, at + 1) if kind == 1 else WIDTH[kind])
        entries[index] = kind, code[start:at]
        index += 2 if kind in (5, 6) else 1  # long and double take two places
    return entries, at


def _short(code: bytes, at: int) -> int:
    return int.from_bytes(code[at : at + 2], "big")
