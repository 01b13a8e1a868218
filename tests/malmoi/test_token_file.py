"""One maker's file: answers in any order, of any part, and never wrong ones, whatever has happened to its bytes."""

import random
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from malmoi import packing, token_file
from malmoi.token_file import TokenFile

MANY = 500
TEXTS = [f"글 {n}" for n in range(MANY)]
DOCUMENTS = [["글/N", *(f"{n % 7}/SN" for n in range(n % 5)), f"{n}"] for n in range(MANY)]
KEYS = packing.keys(TEXTS)


def fill(file: TokenFile, start: int = 0, stop: int = MANY) -> None:
    new = [start + place for place in file.missing(KEYS[start:stop])]
    file.write(list(packing.blocks(KEYS[new], [DOCUMENTS[place] for place in new])))


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many blocks of few texts, of which a few stay open, and questions that take several turns."""
    monkeypatch.setattr(packing, "TEXTS", 20)
    monkeypatch.setattr(token_file, "BLOCKS", 12_000)
    monkeypatch.setattr(token_file, "ASKED", 64)
    monkeypatch.setattr(token_file, "FEW", 8)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"okt{token_file.ENDING}"


@pytest.fixture
def file(path: Path) -> Iterator[TokenFile]:
    made = TokenFile(path)
    fill(made, 0, 230)
    fill(made, 180)
    yield made
    made.close()


@pytest.mark.parametrize("step", [1, 7, 33, 200, MANY])
def test_in_the_order_of_writing_by_any_steps(file: TokenFile, step: int) -> None:
    parts = [file.read(KEYS[start : start + step]) for start in range(0, MANY, step)]
    assert [tokens for part in parts for tokens in part] == DOCUMENTS


@pytest.mark.parametrize("size", [5, 100, MANY])
def test_in_any_order_and_more_than_once_and_beside_unknown_texts(file: TokenFile, size: int) -> None:
    draw = random.Random(size)
    unknown = packing.keys([f"new {n}" for n in range(50)])
    keys, answers = np.concatenate([KEYS, unknown]), [*DOCUMENTS, *[None] * 50]
    for _ in range(6):
        places = draw.choices(range(len(keys)), k=size)
        assert file.read(keys[places]) == [answers[place] for place in places]


def test_what_comes_in_order_is_not_looked_up(file: TokenFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.read(KEYS[:40])
    looked_up = list[int]()
    where = file._where
    monkeypatch.setattr(file, "_where", lambda keys: [looked_up.append(len(keys)), where(keys)][1])
    asked = [*range(40, 90), 3, *range(90, 150)]  # one that was there long ago
    assert file.read(KEYS[asked]) == [DOCUMENTS[place] for place in asked]
    assert file.read(KEYS[150:250]) == DOCUMENTS[150:250]
    assert looked_up == [1, 0]


def test_nothing_is_asked_of_an_empty_file(path: Path) -> None:
    file = TokenFile(path)
    assert file.read(KEYS[:0]) == []
    assert file.read(KEYS[:70]) == [None] * 70
    file.close()


def test_few_blocks_stay_open(file: TokenFile) -> None:
    file.read(KEYS)
    assert 0 < sum(block.size for block in file._blocks.values()) <= token_file.BLOCKS


def test_a_text_is_written_once(file: TokenFile) -> None:
    assert file.missing(KEYS) == []
    more = packing.keys(["neu", "글 3", "neu", "글 4", "alt"])
    assert file.missing(more) == [0, 4]


def test_half_a_key_in_common_is_another_text(file: TokenFile) -> None:
    other = KEYS[:30].copy()
    other[:, 1] ^= np.uint64(1)
    assert file.read(other) == [None] * 30
    assert file.read(other[:3]) == [None] * 3


def test_what_is_not_finished_is_not_there(path: Path) -> None:
    file = TokenFile(path)

    def blocks() -> Iterator[tuple[np.ndarray, bytes]]:
        yield from packing.blocks(KEYS[:20], DOCUMENTS[:20])
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        file.write(blocks())  # type: ignore[arg-type]
    assert file.read(KEYS[:20]) == [None] * 20
    fill(file)
    assert file.read(KEYS) == DOCUMENTS
    file.close()


def test_another_process_s_texts_are_seen(file: TokenFile, path: Path) -> None:
    reader = TokenFile(path)
    new, tokens = packing.keys([f"neu {n}" for n in range(60)]), [[str(n)] for n in range(60)]
    assert reader.read(new) == [None] * 60
    file.write(list(packing.blocks(new, tokens)))
    assert reader.read(new) == tokens
    reader.close()


@pytest.mark.parametrize("change", ["DELETE FROM blocks WHERE number = 3", "UPDATE blocks SET packed = 7 WHERE number = 3"])
def test_a_block_that_is_lost_is_an_error(file: TokenFile, path: Path, change: str) -> None:
    sqlite3.connect(path, isolation_level=None).execute(change).connection.close()
    with pytest.raises(ValueError, match=r"block 3 is not there|a checksum is wrong"):
        file.read(KEYS[45:50])


@pytest.mark.parametrize("block", ["1", "-5", "'x'", "2.5"])
def test_a_text_s_block_that_is_wrong_means_not_known(file: TokenFile, path: Path, block: str) -> None:
    sqlite3.connect(path, isolation_level=None).execute(f"UPDATE texts SET block = {block}").connection.close()  # noqa: S608
    assert file.read(KEYS[45:50]) == [None] * 5


@pytest.mark.parametrize(("how", "ends"), [("byte", {"right", "damaged", "part"}), ("end", {"damaged"})])
def test_no_damage_gives_other_tokens(file: TokenFile, path: Path, how: str, ends: set[str]) -> None:
    file.close()
    whole, draw, seen = path.read_bytes(), random.Random(1), set[str]()
    for _ in range(60):
        place = draw.randrange(1, len(whole))
        changed = whole[:place] if how == "end" else whole[:place] + bytes([whole[place] ^ draw.randrange(1, 256)]) + whole[place + 1 :]
        path.write_bytes(changed)
        seen.add(answer(path))
    assert {"damaged"} <= seen <= ends


def answer(path: Path) -> str:
    """`damaged` where reading says so; otherwise every text has its own tokens, or none."""
    file = None
    try:
        file = TokenFile(path)
        found = [tokens for start in (0, 250) for tokens in file.read(KEYS[start : start + 250])]
    except (ValueError, sqlite3.Error):
        return "damaged"
    finally:
        if file:
            file.close()
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
    assert all(tokens in (None, right) for tokens, right in zip(found, DOCUMENTS, strict=True))
    return "part" if None in found else "right"
