"""Blocks of tokens as bytes: any token comes back, from the right text, or a ValueError."""

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import packing
from malmoi.packing import Block

ODD = [
    [],
    [""],
    ["", ""],
    ["\x1f"],
    ["a\x1f", "b"],
    ["\n", "\x00", "말\x00"],
    ["1 2", "\n3"],
    ["\ud83d", "\ude00"],
    ["\ud83d\ude00"],
    ["😀", "말", "ㅋ", "말"],
]


def there_and_back(documents: Sequence[list[str]]) -> list[list[str]]:
    block = Block(packing.pack(packing.keys([str(n) for n in range(len(documents))]), documents))
    return block.documents(np.arange(len(documents)))


@pytest.mark.parametrize("tokens", ODD)
def test_any_tokens_come_back(tokens: list[str]) -> None:
    assert there_and_back([tokens]) == [tokens]


def test_one_odd_word_spoils_no_other() -> None:
    assert there_and_back(ODD) == ODD


@given(st.lists(st.lists(st.text(st.characters(codec=None, exclude_categories=()), max_size=5), max_size=8), min_size=1, max_size=5))
def test_all_tokens_come_back(documents: list[list[str]]) -> None:
    assert there_and_back(documents) == documents


@pytest.mark.parametrize("words", [255, 256, 257, 65_536, 65_537])
def test_numbers_of_words_take_the_bytes_they_need(words: int) -> None:
    many = [str(n) for n in range(words)]
    assert there_and_back([["0"], many, many[-1:]]) == [["0"], many, many[-1:]]


@pytest.mark.parametrize("characters", [84, 85, 86, 21_845, 21_846])
def test_words_of_any_length_come_back(characters: int) -> None:
    assert there_and_back([["말" * characters, "모이"], ["x"]]) == [["말" * characters, "모이"], ["x"]]


@pytest.mark.parametrize("odd", ["", "\x1f"])
def test_texts_one_by_one_are_those_of_the_whole_block(odd: str) -> None:
    documents = [[f"{n % 50}말", odd, f"{n}"] for n in range(300)]
    block = Block(packing.pack(packing.keys([str(n) for n in range(300)]), documents))
    assert [block.documents(np.array([row]))[0] for row in range(0, 300, 7)] == documents[::7]
    assert block.documents(np.arange(300)) == documents
    assert [block.documents(np.array([row]))[0] for row in range(300)] == documents


def test_every_answer_is_a_list_of_its_own() -> None:
    block = Block(packing.pack(packing.keys(["말"]), [["말"]]))
    first, second = block.documents(np.array([0, 0]))
    first.append("x")
    assert second == ["말"]
    assert block.documents(np.array([0])) == [["말"]]


def test_a_text_is_found_by_both_halves_of_its_key() -> None:
    keys = np.array([[9, 1], [3, 1], [2**63 + 5, 7]], "<u8")
    block = Block(packing.pack(keys, [["a"], ["b"], ["c"]]))
    asked = np.array([[2**63 + 5, 7], [3, 2], [9, 1], [0, 1], [2**64 - 1, 1], [3, 1]], "<u8")
    assert block.rows(asked).tolist() == [2, -1, 0, -1, -1, 1]
    assert block.documents(np.array([2, 0, 2])) == [["c"], ["a"], ["c"]]
    assert block.documents(np.array([], int)) == []


def test_keys_are_of_the_text_alone() -> None:
    keys = packing.keys(["말", "모이", "", "말", "\ud800"])
    assert keys.shape == (5, 2)
    assert len({tuple(key) for key in keys.tolist()}) == 4
    assert keys[0].tobytes().hex() == "7f4c89f80278d85999e845090ed50966"  # BLAKE2b of its UTF-8, 16 bytes, by `b2sum -l 128`


def test_blocks_are_of_a_bearable_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packing, "TEXTS", 3)
    monkeypatch.setattr(packing, "TOKENS", 10)
    documents = [["x"] * count for count in (1, 2, 3, 4, 30, 1, 9, 1, 10, 0, 0, 0)]
    keys = packing.keys([str(n) for n in range(len(documents))])
    parts = list(packing.blocks(keys, documents))
    assert [len(part) for part, _ in parts] == [3, 1, 1, 2, 1, 3, 1]
    assert np.concatenate([part for part, _ in parts]).tolist() == keys.tolist()
    assert [tokens for part, packed in parts for tokens in Block(packed).documents(Block(packed).rows(part))] == documents


def test_every_changed_byte_and_every_cut_is_seen() -> None:
    packed = packing.pack(packing.keys(["말을", "글"]), [["말", "을"], ["글"]])
    for place in range(len(packed)):
        changed = bytearray(packed)
        changed[place] ^= 1
        with pytest.raises(ValueError, match="checksum"):
            Block(bytes(changed))
        with pytest.raises(ValueError, match="checksum"):
            Block(packed[:place])
