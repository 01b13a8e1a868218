"""Division into train, valid and test: by files, by position, at random; and what cannot be right."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from malmoi import cleaning, splits
from malmoi.cleaning import Clean
from malmoi.config import ConfigError
from malmoi.outline import Outline
from malmoi.rows import SPLITS, Example
from malmoi.splits import Division

Splits = dict[str, list[Example]]
KEEP = Clean(empty="keep")


def rows(*texts: str, label: str | None = None, document: str = "a.txt", **more: Any) -> list[Example]:
    return [Example(f"{document}:{row}", text, label, document, row=row, **more) for row, text in enumerate(texts, 1)]


def divide(examples: list[Example], clean: Clean, division: Division) -> tuple[Splits, list[tuple[str, str]]]:
    """The rows of each split, and (why, where) of those that go."""
    fates = splits.divide(Outline(examples), clean, division, {}).tolist()
    divided = {name: [example for example, fate in zip(examples, fates, strict=True) if fate == place] for place, name in enumerate(SPLITS)}
    gone = [(cleaning.REASONS[fate], cleaning.where(example)) for example, fate in zip(examples, fates, strict=True) if fate < 0]
    return divided, gone


def texts(splits: Splits) -> dict[str, list[str]]:
    return {name: [example.text for example in found] for name, found in splits.items()}


def test_position_cuts_by_characters_with_line_ends() -> None:
    examples = rows(*["x" * 9] * 8, "yyyy", "z" * 14)  # 8 x 10 + 5 + 15 = 100 characters
    splits, _ = divide(examples, KEEP, Division(by="position", valid=0.05, test=0.15))
    assert [len(splits[name]) for name in ("train", "valid", "test")] == [8, 1, 1]


def test_position_between_documents_keeps_them_whole() -> None:
    examples = [e for number in range(10) for e in rows("one", "two", "six", document=f"{number}")]
    splits, _ = divide(examples, KEEP, Division(by="position", cut="between_documents", valid=0.15, test=0.15))
    assert {name: sorted({e.document for e in found}) for name, found in splits.items()} == {
        "train": ["0", "1", "2", "3", "4", "5", "6"],
        "valid": ["7", "8"],
        "test": ["9"],
    }
    assert Counter(len([e for found in splits.values() for e in found if e.document == str(n)]) for n in range(10)) == {3: 10}


def test_position_within_each_document_tests_the_end_of_each() -> None:
    examples = [e for name in ("a", "b") for e in rows(*"0123456789", document=name)]
    splits, _ = divide(examples, KEEP, Division(by="position", cut="within_each_document", valid=0.2, test=0.1))
    assert texts(splits) == {"train": list("0123456") * 2, "valid": list("78") * 2, "test": list("9") * 2}


def test_random_keeps_label_shares_and_order_and_repeats_itself() -> None:
    examples = [Example(str(n), f"text {n}", "rare" if n % 5 == 0 else "usual") for n in range(100)]
    division = Division(by="random", valid=0.1, test=0.2, seed=3)
    splits, _ = divide(examples, Clean(), division)
    assert {name: Counter(e.label for e in found) for name, found in splits.items()} == {
        "train": {"usual": 56, "rare": 14},
        "valid": {"usual": 8, "rare": 2},
        "test": {"usual": 16, "rare": 4},
    }
    assert all([int(e.id) for e in found] == sorted(int(e.id) for e in found) for found in splits.values())
    assert divide(examples, Clean(), division)[0] == splits
    assert divide(examples, Clean(), Division(by="random", valid=0.1, test=0.2, seed=4))[0] != splits


@given(st.lists(st.sampled_from("abc"), min_size=1, max_size=60), st.floats(0.01, 0.49), st.floats(0.01, 0.49))
def test_random_never_takes_a_label_away_from_train(labels: list[str], valid: float, test: float) -> None:
    examples = [Example(str(n), f"text {n}", label) for n, label in enumerate(labels)]
    try:
        splits, _ = divide(examples, Clean(), Division(by="random", valid=valid, test=test))
    except ConfigError:
        return  # too few rows for that share: said, not hidden
    assert {e.label for e in splits["train"]} == set(labels)
    assert sorted(int(e.id) for found in splits.values() for e in found) == list(range(len(labels)))


def test_files_decide_and_valid_is_carved_from_train() -> None:
    train = [Example(f"t{n}", f"text {n}", "ab"[n % 2], split="train") for n in range(40)]
    given = [*train, Example("x", "unseen", "a", split="test")]
    splits, _ = divide(given, Clean(), Division(by="files", files={"train": ["t"], "test": ["x"]}, valid=0.1))
    assert [e.id for e in splits["test"]] == ["x"]
    assert Counter(e.label for e in splits["valid"]) == {"a": 2, "b": 2}
    assert len(splits["train"]) == 36


def test_without_labels_valid_is_the_end_of_train() -> None:
    given = [*rows(*"0123456789", split="train"), *rows("x", document="b.txt", split="test")]
    splits, _ = divide(given, Clean(), Division(by="files", files={"train": ["a.txt"], "test": ["b.txt"]}, valid=0.2))
    assert texts(splits) == {"train": list("01234567"), "valid": ["8", "9"], "test": ["x"]}


def test_shared_texts_leave_train_and_are_told() -> None:
    given = [*rows("one", "two", "three", split="train"), *rows("two", split="valid"), *rows("one", split="test")]
    files = {"train": ["t"], "valid": ["v"], "test": ["x"]}
    splits, dropped = divide(given, Clean(shared="drop"), Division(by="files", files=files))  # type: ignore[arg-type]
    assert texts(splits) == {"train": ["three"], "valid": ["two"], "test": ["one"]}
    assert dropped == [
        ("text is in valid or test too", "a.txt:1"),
        ("text is in valid or test too", "a.txt:2"),
    ]


def test_an_empty_split_is_an_error_that_accounts_for_the_rows() -> None:
    with pytest.raises(ConfigError, match="train is empty after cleaning: 0 rows were kept, dropped: 2 empty text"):
        splits.divide(Outline(), Clean(), Division(by="random", valid=0.1, test=0.1), {"empty text": 2})
    with pytest.raises(ConfigError, match="valid is empty after cleaning: 1 rows were kept, dropped: 1 duplicate;"):
        divide(rows("a", "a"), Clean(duplicates="drop"), Division(by="random", valid=0.4, test=0.1))


def test_as_many_labels_as_rows() -> None:
    examples = [Example(str(n), f"text {n}", f"label {n}") for n in range(5)]
    with pytest.raises(ConfigError, match="valid is empty"):  # a label's only row stays in train
        divide(examples, Clean(), Division(by="random", valid=0.4, test=0.4))


@pytest.mark.parametrize(
    ("division", "said"),
    [
        (Division(by="random", valid=0.5, test=0.5), "leave something for train"),
        (Division(by="random", valid=-0.1, test=0.5), "leave something for train"),
        (Division(by="random", valid=0.1), "test has no file and no share"),
        (Division(by="files", valid=0.1, test=0.1), "need each other"),
        (Division(by="random", files={"train": ["a"]}, valid=0.1, test=0.1), "need each other"),
        (Division(by="files", files={"test": ["a"]}, valid=0.1), "no train file"),
        (Division(by="files", files={"train": ["a"], "test": ["b"]}, valid=0.1, test=0.1), "test has both a file and a share"),
    ],
)
def test_a_division_that_cannot_be_right(division: Division, said: str) -> None:
    with pytest.raises(ConfigError, match=f"here: .*{said}"):
        division.check("here")


def test_labels_that_cannot_be_right() -> None:
    def check(**given: list[Example]) -> None:
        good = {"train": rows("a", label="x") + rows("b", label="y"), "valid": rows("c", label="x"), "test": rows("d", label="y")}
        dealt = good | given
        examples = [example for name in SPLITS for example in dealt[name]]
        fates = np.repeat(np.arange(3, dtype=np.int8), [len(dealt[name]) for name in SPLITS])
        splits.check_labels(Outline(examples), fates, examples.__getitem__)

    check()
    with pytest.raises(ConfigError, match=r"one class only \(x\)"):
        check(train=rows("a", label="x"))
    with pytest.raises(ConfigError, match=r"a.txt:1: test has label 'z', which train lacks \(x, y\)"):
        check(test=rows("e", label="z"))
    with pytest.raises(ConfigError, match=r"a\.txt:1 has no label"):
        check(train=rows("a"))
