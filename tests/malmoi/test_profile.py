"""Profiles: counted by hand, the same bytes twice, no more kept than allowed."""

import json
from pathlib import Path
from random import Random

import pytest
from profiled import Row, profiled, reviews

from malmoi import frequent, profile
from malmoi.config import ConfigError
from malmoi.rows import Dropped

ROWS: dict[str, list[Row]] = {
    "train": [("말 모이 말", "긍정"), ("좋아 ☃", "부정"), ("모이 Ж", "긍정")],
    "valid": [("좋아 ☃", "부정")],
    "test": [("말 새말 새말", "긍정"), ("말 모이 말", "긍정"), (" ", "부정"), ("말 모이 말", "긍정")],
}


def test_what_is_counted(tmp_path: Path) -> None:
    found = profiled(tmp_path, ROWS, [Dropped("empty text", "a.csv:9", "")])
    train, test = found["splits"]["train"], found["splits"]["test"]
    assert (found["corpus"], found["language"], found["rows"]) == ("reviews", "ko", {"read": 9, "kept": 8, "dropped": 1})
    assert found["dropped"] == {"empty text": {"count": 1, "first": [{"where": "a.csv:9", "text": ""}]}}
    assert (train["examples"], train["labels"], test["blank"]) == (3, {"긍정": 2, "부정": 1}, 1)
    assert train["eojeols"] == {"total": 7, "distinct": 5, "counts": {"말": 2, "모이": 2, "Ж": 1, "☃": 1, "좋아": 1}}
    assert test["eojeols"]["unknown"] == {"새말": 2}
    assert (test["eojeols"]["unknown_total"], test["eojeols"]["total"]) == (2, 9)
    assert train["histogram"] == {"4": 2, "6": 1}
    assert train["scripts"] == {"hangul": 8, "cyrillic": 1, "symbol": 1}
    assert train["characters"]["counts"]["말"] == 2
    assert train["characters"]["total"] == 14
    assert found["repeated"] == {
        "valid in train": {"count": 1, "first": ["좋아 ☃"]},
        "test in train": {"count": 2, "first": ["말 모이 말"]},  # each text once
        "test in valid": {"count": 0, "first": []},
    }


def test_a_place_for_everything_that_may_be_quoted(tmp_path: Path) -> None:
    places = profiled(tmp_path, ROWS)["places"]
    assert places["characters"]["Ж"] == places["scripts"]["cyrillic"] == {"where": "a.csv:3", "text": "모이 Ж"}
    assert places["characters"]["새"] == {"where": "a.csv:5", "text": "말 새말 새말"}
    assert places["lengths"] == {
        "1": {"where": "a.csv:7", "text": " "},
        "4": {"where": "a.csv:2", "text": "좋아 ☃"},
        "6": {"where": "a.csv:1", "text": "말 모이 말"},
        "7": {"where": "a.csv:5", "text": "말 새말 새말"},
    }
    long = profiled(tmp_path, ROWS | {"train": [("가" * 500 + "Ж" + "나" * 500, None)]})["places"]["characters"]["Ж"]["text"]
    assert "Ж" in long
    assert len(long) == profile.EXCERPT


def test_the_same_rows_give_the_same_bytes(tmp_path: Path) -> None:
    for place in ("one", "two"):
        profile.save(tmp_path / f"{place}.json", profiled(tmp_path / place, reviews(300)))
    assert (tmp_path / "one.json").read_bytes() == (tmp_path / "two.json").read_bytes()
    assert profile.load(tmp_path / "one.json") == json.loads((tmp_path / "one.json").read_text(encoding="utf-8"))


def test_no_more_is_kept_than_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = reviews(400)
    whole = profiled(tmp_path / "whole", rows)["splits"]["train"]
    for name, value in {"EOJEOLS": 7, "CHARACTERS": 5, "UNKNOWN": 2, "KINDS": 50, "LONGEST": 3}.items():
        monkeypatch.setattr(profile, name, value)
    found = profiled(tmp_path / "capped", rows)
    assert any((tmp_path / "capped/train").iterdir())  # counts went to disk
    train, test = found["splits"]["train"], found["splits"]["test"]
    assert len(train["eojeols"]["counts"]) == 7
    assert train["eojeols"]["total"] == whole["eojeols"]["total"]
    assert max(map(len, train["eojeols"]["counts"])) <= 3
    assert len(test["eojeols"]["unknown"]) == 2
    assert train["characters"]["counts"] == dict([*whole["characters"]["counts"].items()][:5])
    assert train["characters"]["distinct"] == whole["characters"]["distinct"] > 5
    assert len(found["places"]["characters"]) == 5


def test_counts_on_disk_are_those_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = profiled(tmp_path / "memory", reviews(200))
    monkeypatch.setattr(profile, "KINDS", 20)
    assert profiled(tmp_path / "disk", reviews(200)) == before


def test_the_most_frequent_of_many() -> None:
    random = Random(1)
    counts = {f"{number:04}": random.randint(1, 50) for number in range(2000)}
    top = frequent.Top(30)
    for word, count in sorted(counts.items()):
        top.add(word, count)
    top.add("none", 0)
    expected = sorted(counts.items(), key=lambda item: (-item[1], item[0]))[:30]
    assert [*top.counts.items()] == expected
    assert (top.total, top.distinct) == (sum(counts.values()), 2000)


def test_bins_of_lengths_are_narrow() -> None:
    assert profile.EDGES[:14] == [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 14]
    assert profile.EDGES[-1] == 10**7
    assert all(later <= 1.19 * edge for edge, later in zip(profile.EDGES[10:], profile.EDGES[11:], strict=False))


@pytest.mark.parametrize(
    ("text", "said"),
    [("[]", "should be a profile in format 1, found None"), ("{", "no profile of a corpus"), ('{"format": 7}', "format 1, found 7")],
)
def test_what_is_no_profile(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "profile.json").write_text(text)
    with pytest.raises(ConfigError, match=said):
        profile.load(tmp_path)


def test_a_missing_profile_says_who_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no profile there; `ingest` writes it"):
        profile.load(tmp_path / "bills")
