"""Rules by which rows are left out, each with its reason."""

from malmoi.cleaning import CONFLICTING, DUPLICATE, Clean, Drops, fates, reason, where
from malmoi.outline import Outline
from malmoi.rows import Dropped, Example


def outline(*pairs: tuple[str, str | None]) -> Outline:
    return Outline(Example(f"a.txt:{row}", text, label, "a.txt", row=row) for row, (text, label) in enumerate(pairs, 1))


def test_blank_texts_go_unless_they_are_kept() -> None:
    assert [reason(text, Clean()) for text in ("", " \n", "a")] == ["empty text", "empty text", None]
    assert reason("", Clean(empty="keep")) is None


def test_length_limits_are_inclusive() -> None:
    clean = Clean(shortest=2, longest=3)
    assert [reason(text, clean) for text in ("가", "가나", "가나다", "가나다라")] == [
        "shorter than 2 characters",
        None,
        None,
        "longer than 3 characters",
    ]


def test_duplicates_keep_the_first_and_heed_the_label() -> None:
    rows = outline(("a", "x"), ("a", "x"), ("a", "y"), ("b", "x"), ("a", "x"))
    assert fates(rows, Clean(duplicates="drop")).tolist() == [0, DUPLICATE, 0, 0, DUPLICATE]
    assert fates(rows, Clean()).tolist() == [0] * 5


def test_a_duplicate_in_another_split_is_none() -> None:
    rows = Outline(Example(name, "same", split=name) for name in ("train", "test", "train"))
    assert fates(rows, Clean(duplicates="drop")).tolist() == [0, 0, DUPLICATE]


def test_conflicting_texts_all_go_and_are_no_duplicates() -> None:
    rows = outline(("a", "x"), ("b", "x"), ("a", "y"), ("a", "x"), ("b", "x"), ("c", None), ("c", "x"))
    found = fates(rows, Clean(conflicting="drop", duplicates="drop")).tolist()
    assert found == [CONFLICTING, 0, CONFLICTING, CONFLICTING, DUPLICATE, CONFLICTING, CONFLICTING]


def test_no_rows_no_fates() -> None:
    assert fates(Outline(), Clean(conflicting="drop", duplicates="drop")).tolist() == []


def test_drops_of_two_steps_are_told_in_their_order() -> None:
    reader, cleaning = Drops(), Drops()
    for row in range(3):
        cleaning.add(Dropped("empty text", f"later:{row}"))
        reader.add(Dropped("empty text", f"first:{row}"))
    both = reader + cleaning
    assert both.counts == {"empty text": 6}
    assert [row.where for row in both.first["empty text"]] == ["first:0", "first:1", "first:2", "later:0", "later:1"]


def test_where_names_file_and_row() -> None:
    assert where(Example("a.txt:7", "x", document="a.txt", row=7)) == "a.txt:7"
    assert where(Example("9976970", "x", document="ratings.txt", row=2)) == "9976970 (ratings.txt, row 2)"
