"""Drift: what a version was changed in is what is found, with examples; another sample of the same source is not drift."""

import json
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from profiled import Row, profiled, reviews

from malmoi import contract, drift, profile
from malmoi.contract import Measure

LIMITS = contract.limits(
    Path(__file__).resolve().parents[2] / contract.PATH, "own", ["own", "bills", "law", "nsmc", "tinyshakespeare", "wikitext2"]
)
SIZE = 2000
Rows = dict[str, list[Row]]


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return profiled(tmp_path_factory.mktemp("before"), reviews(SIZE))


def each(edit: Callable[[str, str | None, Random], Row], rows: Rows | None = None) -> Rows:
    """Every row of the same reviews changed."""
    random = Random(7)
    return {split: [edit(text, label, random) for text, label in part] for split, part in (rows or reviews(SIZE)).items()}


def compared(before: dict[str, Any], rows: Rows, folder: Path) -> dict[str, Measure]:
    """Broken measures by key."""
    verdict = drift.compare(before, profiled(folder, rows), LIMITS.drift)
    found = {measure.key: measure for measure in verdict.measures if measure.broken}
    assert verdict.broken is bool(found)
    return found


def test_the_same_version_has_not_moved(before: dict[str, Any], tmp_path: Path) -> None:
    verdict = drift.compare(before, profiled(tmp_path, reviews(SIZE)), LIMITS.drift)
    assert not verdict.broken
    assert {measure.key: measure.value for measure in verdict.measures if measure.key not in ("rows", "oov")} == dict.fromkeys(
        ("new_labels", "label_balance", "label_stability", "length", "eojeols", "scripts", "new_scripts", "new_characters"), 0
    )
    assert verdict.lines[0] == "reviews: within its limits"


@pytest.mark.parametrize("count", [60, 300, SIZE])
def test_another_sample_of_the_same_source_is_no_drift(tmp_path: Path, count: int) -> None:
    one, other = (profiled(tmp_path / str(seed), reviews(count, seed)) for seed in (2, 3))
    assert [measure for measure in drift.compare(one, other, LIMITS.drift).measures if measure.broken] == []


def test_more_of_the_same_is_no_drift(before: dict[str, Any], tmp_path: Path) -> None:
    assert compared(before, reviews(3 * SIZE), tmp_path) == {}


def test_labels_that_moved(before: dict[str, Any], tmp_path: Path) -> None:
    def flip(text: str, label: str | None, random: Random) -> Row:
        return text, "긍정" if random.random() < 0.5 else label

    found = compared(before, each(flip), tmp_path)
    assert set(found) == {"label_balance", "label_stability"}
    assert found["label_balance"].value == pytest.approx(0.25, abs=0.03)  # a half of the half
    assert found["label_balance"].examples[0].startswith("'긍정': share 0.5 before, 0.7")


def test_a_label_that_is_new(before: dict[str, Any], tmp_path: Path) -> None:
    rows = reviews(SIZE)
    rows["train"][0] = (rows["train"][0][0], "중립")
    found = compared(before, rows, tmp_path)
    assert set(found) == {"new_labels"}
    assert found["new_labels"].examples == ("'중립': 0 before, 1 after",)


def test_a_flood_of_emoji(before: dict[str, Any], tmp_path: Path) -> None:
    found = compared(before, each(lambda text, label, _: (f"{text} 😀😀😀", label)), tmp_path)
    assert set(found) >= {"scripts", "new_scripts", "new_characters", "eojeols"}
    assert found["new_characters"].examples[0].startswith("'😀' (U+1F600) 6,000 times, ")
    assert found["new_scripts"].examples[0].startswith("emoji: 6,000 characters")
    assert found["eojeols"].examples[0].startswith("'😀😀😀': share 0 before")


def test_another_language(before: dict[str, Any], tmp_path: Path) -> None:
    def translate(text: str, label: str | None, random: Random) -> Row:
        return (f"what a good {random.choice('abc')} thing this is {random.random()}", label) if random.random() < 0.3 else (text, label)

    found = compared(before, each(translate), tmp_path)
    assert set(found) >= {"scripts", "oov", "eojeols", "new_scripts"}
    assert "'latin': share 0 before" in found["scripts"].examples[0] or "'latin'" in found["scripts"].examples[1]
    assert any("'thing'" in example or "'good'" in example or "'what'" in example for example in found["oov"].examples)


def test_half_of_the_rows_lost(before: dict[str, Any], tmp_path: Path) -> None:
    found = compared(before, {split: rows[: len(rows) // 2] for split, rows in reviews(SIZE).items()}, tmp_path)
    assert set(found) == {"rows"}
    assert found["rows"].value == pytest.approx(0.5, abs=0.01)
    assert found["rows"].versions[0] == "2,000"


def test_texts_twice_as_long(before: dict[str, Any], tmp_path: Path) -> None:
    found = compared(before, each(lambda text, label, _: (f"{text} {text}", label)), tmp_path)
    assert set(found) == {"length"}
    assert found["length"].value > 0.3
    assert "characters and more, a.csv:" in found["length"].examples[0]


def test_words_that_changed(before: dict[str, Any], tmp_path: Path) -> None:
    found = compared(before, each(lambda text, label, _: (text.replace("배송은", "택배는"), label)), tmp_path)
    assert "oov" not in found  # one word of some forty is less than the limit
    found = compared(before, each(lambda text, label, _: (text.replace("은 ", "만 ").replace("정말", "진짜"), label)), tmp_path)
    assert {"oov", "eojeols"} <= set(found)
    assert any("진짜" in example or "만" in example for example in found["oov"].examples)


def test_a_language_model_has_no_labels_to_move(before: dict[str, Any], tmp_path: Path) -> None:
    plain = profiled(tmp_path, each(lambda text, _, __: (text, None)))
    keys = {measure.key for measure in drift.compare(plain, plain, LIMITS.drift).measures}
    assert keys == {"rows", "length", "oov", "eojeols", "scripts", "new_scripts", "new_characters"}
    lost = {measure.key for measure in drift.compare(before, plain, LIMITS.drift).measures if measure.broken}
    assert lost == {"new_labels"}  # both are gone


def test_what_is_not_asked_is_not_measured(before: dict[str, Any]) -> None:
    nothing = contract.Drift(**dict.fromkeys(vars(LIMITS.drift)) | {"rows": (None, None)})
    assert drift.compare(before, before, nothing).measures == ()


def test_the_cap_of_a_profile_is_no_drift(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "EOJEOLS", 30)
    one, other = (profiled(tmp_path / str(seed), reviews(SIZE, seed)) for seed in (2, 3))
    assert not drift.compare(one, other, LIMITS.drift).broken


def test_a_verdict_for_people_and_for_programs(before: dict[str, Any], tmp_path: Path) -> None:
    after = profiled(tmp_path, {split: rows[: len(rows) // 2] for split, rows in reviews(SIZE).items()})
    verdict = drift.compare(before, after, LIMITS.drift)
    said = "\n".join(verdict.lines)
    assert said.startswith("reviews: 1 of 11 measures over their limits\n  measure ")
    assert "  rows             2,000          1,000          0.5" in said
    assert "rows: rows after for one before: 0.5, should be 0.7 to 5\n      train had 1,600 examples and has 800" in said
    card = json.loads(json.dumps(verdict.card()))
    assert card["broken"] is True
    assert card["measures"][0]["before"] == "2,000"
    assert drift.Verdict("bills", note="nothing to compare").lines == ["bills: nothing to compare"]
