"""Rules by which rows are left out, each with its reason."""

from malmoi.cleaning import Clean, cleaned, where
from malmoi.rows import Dropped, Example


def rows(*pairs: tuple[str, str | None]) -> list[Example]:
    return [Example(f"a.txt:{row}", text, label, "a.txt", row=row) for row, (text, label) in enumerate(pairs, 1)]


def outcome(clean: Clean, *pairs: tuple[str, str | None]) -> tuple[list[str], list[Dropped]]:
    kept, dropped = cleaned(rows(*pairs), clean)
    return [example.id for example in kept], dropped


def test_blank_texts_go_unless_they_are_kept() -> None:
    assert outcome(Clean(), ("", None), (" \n", None), ("a", None)) == (
        ["a.txt:3"],
        [Dropped("empty text", "a.txt:1", ""), Dropped("empty text", "a.txt:2", " \n")],
    )
    assert outcome(Clean(empty="keep"), ("", None)) == (["a.txt:1"], [])


def test_length_limits_are_inclusive() -> None:
    kept, dropped = outcome(Clean(shortest=2, longest=3), ("가", None), ("가나", None), ("가나다", None), ("가나다라", None))
    assert kept == ["a.txt:2", "a.txt:3"]
    assert [row.reason for row in dropped] == ["shorter than 2 characters", "longer than 3 characters"]


def test_duplicates_keep_the_first_and_heed_the_label() -> None:
    pairs = (("a", "x"), ("a", "x"), ("a", "y"), ("b", "x"))
    assert outcome(Clean(duplicates="drop"), *pairs) == (["a.txt:1", "a.txt:3", "a.txt:4"], [Dropped("duplicate", "a.txt:2", "a")])
    assert outcome(Clean(), *pairs) == (["a.txt:1", "a.txt:2", "a.txt:3", "a.txt:4"], [])


def test_a_duplicate_in_another_split_is_none() -> None:
    one, other = (Example(name, "same", split=name) for name in ("train", "test"))
    assert cleaned([one, other], Clean(duplicates="drop")) == ([one, other], [])


def test_conflicting_texts_all_go() -> None:
    kept, dropped = outcome(Clean(conflicting="drop"), ("a", "x"), ("b", "x"), ("a", "y"))
    assert kept == ["a.txt:2"]
    assert [(row.reason, row.where) for row in dropped] == [
        ("label conflicts with another row's", "a.txt:1"),
        ("label conflicts with another row's", "a.txt:3"),
    ]


def test_where_names_file_and_row() -> None:
    assert where(Example("a.txt:7", "x", document="a.txt", row=7)) == "a.txt:7"
    assert where(Example("9976970", "x", document="ratings.txt", row=2)) == "9976970 (ratings.txt, row 2)"
