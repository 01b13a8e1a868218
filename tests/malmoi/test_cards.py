"""The data card, on numbers counted by hand."""

import hashlib
from collections import Counter

import numpy as np

from malmoi import cards
from malmoi.cards import Description
from malmoi.cleaning import Drops
from malmoi.outline import Outline
from malmoi.rows import SPLITS, Dropped, Example


def dropped(*rows: Dropped) -> Drops:
    found = Drops()
    for row in rows:
        found.add(row)
    return found


def test_describe_counts_what_is_there() -> None:
    found = Description([Example("1", "말 a", "x", "one"), Example("2", "", "y", "one"), Example("3", "é12", "x", "two")]).card()
    assert found["examples"] == 3
    assert found["documents"] == 2
    assert found["characters"] == 6
    assert found["bytes"] == 9  # 말 is three, é is two
    assert found["distinct_characters"] == 6
    assert found["empty"] == 1
    assert found["labels"] == {"x": 2, "y": 1}
    assert found["lengths"] == {
        "mean": 2.0,
        "0%": 0.0,
        "5%": 0.3,
        "25%": 1.5,
        "50%": 3.0,
        "75%": 3.0,
        "95%": 3.0,
        "99%": 3.0,
        "100%": 3.0,
    }
    assert found["scripts"] == {"digit": 0.4, "latin": 0.4, "hangul": 0.2}


def test_scripts_tell_hangul_latin_han_kana_and_the_rest() -> None:
    shares = cards.scripts(Counter("말abc法かカ1!ж  "))
    assert shares == {"latin": 0.3, "kana": 0.2, "digit": 0.1, "han": 0.1, "hangul": 0.1, "other": 0.1, "other letter": 0.1}
    assert cards.scripts(Counter()) == {}


def test_digest_is_of_the_rows_in_order() -> None:
    one, two = Example("1", "말", "x", "d"), Example("2", "b")
    assert Description([one]).card()["sha256"] == hashlib.sha256('["1", "말", "x", "d"]\n'.encode()).hexdigest()
    assert Description([one, two]).card()["sha256"] != Description([two, one]).card()["sha256"]


def test_duplicates_within_and_across() -> None:
    dealt = {"train": ("a", "a", "b", ""), "valid": ("b", ""), "test": ("a", "b", "c", "c")}
    examples = [Example(f"{split}:{n}", text, str(n % 2)) for split in SPLITS for n, text in enumerate(dealt[split])]
    fates = np.repeat(np.arange(3), [4, 2, 4])
    assert cards.duplicates(Outline(examples), fates) == {
        "within": {"train": 1, "valid": 0, "test": 1},
        "across": {"valid in train": 1, "test in train": 2, "test in valid": 1},
        "conflicting": {"train": 1, "valid": 0, "test": 1},
    }


def test_drops_are_counted_and_the_first_few_shown() -> None:
    rows = [Dropped("empty text", f"a:{row}") for row in range(1, 8)] + [Dropped("no label", "b:1", "x" * 200)]
    found = cards.drops(dropped(*rows))
    assert {reason: told["count"] for reason, told in found.items()} == {"empty text": 7, "no label": 1}
    assert [row["where"] for row in found["empty text"]["first"]] == ["a:1", "a:2", "a:3", "a:4", "a:5"]
    assert found["no label"]["first"][0]["text"] == "x" * 119 + "…"


def test_a_card_adds_up() -> None:
    described = {split: Description([Example(split, split)]) for split in SPLITS}
    card = cards.card(described, dropped(Dropped("empty text", "a:4")), {"within": {}})
    assert card["rows"] == {"read": 4, "kept": 3, "dropped": 1}
    assert card["duplicates"] == {"within": {}}


def test_a_split_without_rows() -> None:
    assert Description().card()["lengths"] == {}
