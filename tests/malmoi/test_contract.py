"""The contract of one version: limits read strictly, each rule broken by what it is there for and by nothing else, with examples."""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml
from profiled import Row, profiled, reviews

from malmoi import contract, expectations
from malmoi.config import ConfigError
from malmoi.rows import Dropped

HERE = Path(__file__).resolve().parents[2] / contract.PATH
DEFAULTS = yaml.safe_load(HERE.read_text(encoding="utf-8"))["defaults"]
CATALOGUE = yaml.safe_load(HERE.with_name("corpora.yaml").read_text(encoding="utf-8"))["corpora"]
Rows = dict[str, list[Row]]


def read(folder: Path, name: str = "reviews", defaults: Any = None, **corpora: Any) -> contract.Limits:
    path = folder / "contract.yaml"
    path.write_text(yaml.safe_dump({"defaults": defaults or DEFAULTS, "corpora": corpora}, allow_unicode=True), encoding="utf-8")
    return contract.limits(path, name, ["reviews", "news"])


def broken(folder: Path, rows: Rows, dropped: int = 0, **about: str) -> dict[str, contract.Measure]:
    gone = [Dropped("empty text", f"a.csv:{place}", "") for place in range(dropped)]
    found = profiled(folder / "words", rows, gone, **about)
    return {measure.key: measure for measure in expectations.measures(found, read(folder).version) if measure.broken}


def change(split: str, edit: Callable[[list[Row]], list[Row]]) -> Rows:
    rows = reviews(400)
    return rows | {split: edit(rows[split])}


def test_the_committed_file_is_right_for_every_corpus() -> None:
    for name in CATALOGUE:
        found = contract.limits(HERE, name, list(CATALOGUE))
        assert found.version.examples == DEFAULTS["version"]["examples"]
    assert contract.limits(HERE, "nsmc", list(CATALOGUE)).version.overlap == 0.05
    assert contract.limits(HERE, "wikitext2", list(CATALOGUE)).version.oov is None


def test_an_override_changes_one_key(tmp_path: Path) -> None:
    found = read(tmp_path, reviews={"version": {"oov": 0.9}, "drift": {"rows": [None, 2]}}, news={"version": {"examples": 3}})
    assert (found.version.oov, found.version.examples, found.drift.rows) == (0.9, DEFAULTS["version"]["examples"], (None, 2.0))


def without(key: str) -> Any:
    return DEFAULTS | {"drift": {name: value for name, value in DEFAULTS["drift"].items() if name != key}}


@pytest.mark.parametrize(
    ("corpora", "defaults", "said"),
    [
        ({"reviews": {"version": {"ovv": 0.9}}}, None, "contract.yaml: corpora.reviews: unknown key 'version.ovv'; did you mean 'oov'?"),
        ({"reviews": {"version": {"oov": "0.9"}}}, None, "corpora.reviews: version.oov: input should be a valid number, found '0.9'"),
        ({"reviews": {"versions": {}}}, None, "corpora.reviews: unknown key 'versions'; known keys: version, drift"),
        ({"review": {"version": {}}}, None, "corpora.review: no corpus is called 'review'; did you mean 'reviews'?"),
        ({}, without("oov"), "contract.yaml: missing key 'defaults.drift.oov'"),
        ({}, DEFAULTS | {"more": 1}, "unknown key 'defaults.more'"),
        ({"reviews": {"drift": {"rows": [3, 2]}}}, None, r"corpora.reviews: drift.rows: \[3, 2\] should be \[least, largest\]"),
        ({"reviews": {"version": {"lengths": {"50%": [9]}}}}, None, "corpora.reviews: missing key 'version.lengths.50%.1'"),
        (
            {"reviews": {"version": {"lengths": {"51%": [0, 9]}}}},
            None,
            "corpora.reviews: version.lengths: '51%' is no quantile of a data card",
        ),
    ],
)
def test_what_is_wrong_in_the_file_is_named(tmp_path: Path, corpora: Any, defaults: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        read(tmp_path, defaults=defaults, **corpora)


def test_a_corpus_as_it_should_be_breaks_nothing(tmp_path: Path) -> None:
    assert broken(tmp_path, reviews(400)) == {}


def test_few_examples(tmp_path: Path) -> None:
    found = broken(tmp_path, change("valid", lambda rows: rows[:9]))["examples"]
    assert (found.value, found.limit, found.examples[1]) == (9, "at least 10", "valid has 9")


def test_a_label_that_hardly_occurs(tmp_path: Path) -> None:
    found = broken(tmp_path, change("train", lambda rows: [(text, "긍정") for text, _ in rows[1:]] + [("별로예요", "부정")]))[
        "rarest_label"
    ]
    assert (found.value, found.limit) == (1 / 320, "at least 0.005")
    assert found.examples[0] == "'부정' 1 of 320"


def test_many_rows_dropped(tmp_path: Path) -> None:
    assert broken(tmp_path, reviews(300), dropped=100) == {}  # a quarter, which is the limit
    found = broken(tmp_path, reviews(300), dropped=101)["dropped"]
    assert found.value == pytest.approx(101 / 401)
    assert found.examples == ("101 empty text, a.csv:0: ''",)


def test_texts_of_train_in_test(tmp_path: Path) -> None:
    rows = reviews(400)
    copied = rows | {"test": rows["test"][:-2] + rows["train"][:2]}
    found = broken(tmp_path, copied)["overlap"]
    assert found.value == pytest.approx(2 / 40)
    assert found.examples == tuple(repr(text) for text, _ in rows["train"][:2])
    assert "test" in found.what


def test_words_that_train_lacks(tmp_path: Path) -> None:
    found = broken(tmp_path, change("test", lambda rows: [(f"양자 얽힘 {number}", label) for number, (_, label) in enumerate(rows)]))["oov"]
    assert found.value > 0.9
    assert found.examples[0].endswith(" times")
    assert any("양자" in example for example in found.examples)


def test_a_script_that_does_not_belong(tmp_path: Path) -> None:
    flood = broken(tmp_path, change("train", lambda rows: [(f"{text} да", label) for text, label in rows]))["unexpected"]
    assert flood.value > 0.04
    assert flood.examples[0].startswith("cyrillic 0.0")
    assert "да" in flood.examples[0]
    assert broken(tmp_path, change("train", lambda rows: [(f"{text} OK", label) for text, label in rows])) == {}


@pytest.mark.parametrize("belongs", ["😀😀", "👩🏽‍🎤🇰🇷", "❤️‍🔥", "ℹ️ 3️⃣", "★ ㅋㅋ ♥"])
def test_emoji_and_signs_belong_in_every_language(belongs: str, tmp_path: Path) -> None:
    assert broken(tmp_path, change("train", lambda rows: [(f"{text} {belongs}", label) for text, label in rows])) == {}


def many(labels: int, rarest: int) -> dict[str, list[tuple[str, str]]]:
    """Reviews of so many labels, ten of each but the rarest, the same in all splits."""
    rows = reviews(10 * labels + 100)["train"]
    named = [f"{label:03}" for label in range(labels) for _ in range(10 if label else rarest)]
    return {split: [(text, label) for (text, _), label in zip(rows, named, strict=False)] for split in ("train", "valid", "test")}


def test_of_many_labels_the_rarest_is_held_against_an_even_share(tmp_path: Path) -> None:
    """500 labels have 0.002 each, which no limit of 0.005 can ask."""
    assert "rarest_label" not in broken(tmp_path, many(500, 2))
    unmet = read(tmp_path).version
    found = profiled(tmp_path, many(500, 2))
    labels = Counter({f"{label:03}": 1000 for label in range(499)}) | Counter({"499": 99})
    found["splits"]["train"]["labels"] = labels
    [measure] = [one for one in expectations.measures(found, unmet) if one.key == "rarest_label"]
    assert (measure.broken, measure.limit) == (True, "at least 0.0002")
    assert measure.what == "share of the rarest label in train (of 500, of which each would have 0.002 if all were as frequent)"
    found["splits"]["train"]["labels"] = labels | Counter({"499": 101})
    assert not any(one.broken for one in expectations.measures(found, unmet) if one.key == "rarest_label")
    few = {f"{label}": 1000 for label in range(5)} | {"rare": 24}
    found["splits"]["train"]["labels"] = few  # 24 of 5,024 are less than half a percent, and an even share is a sixth
    [measure] = [one for one in expectations.measures(found, unmet) if one.key == "rarest_label"]
    assert (measure.broken, measure.limit, measure.what) == (True, "at least 0.005", "share of the rarest label in train")


def test_a_split_of_one_label_measures_nothing(tmp_path: Path) -> None:
    alone = change("test", lambda rows: [(text, "긍정") for text, _ in rows])
    found = broken(tmp_path, alone)["held_out_labels"]
    assert (found.value, found.limit, found.what) == (1, "at least 2", "different labels in test")
    assert found.examples == ("valid has '긍정', '부정'", "test has '긍정'")
    everywhere = {split: [(text, "긍정") for text, _ in rows] for split, rows in reviews(400).items()}
    assert "held_out_labels" not in broken(tmp_path, everywhere)  # train has one label too: nothing is to be told apart


def test_text_in_another_language(tmp_path: Path) -> None:
    found = broken(tmp_path, {split: [("what a good bag this is", "긍정"), ("no", "부정")] * 200 for split in reviews(1)})
    assert found["main_script"].value == 0
    assert found["main_script"].examples[0].startswith("latin 1, a.csv:1: 'what a")
    assert broken(tmp_path, {**reviews(400)}, language="xx") == {}  # nothing is known of that language


def test_text_that_was_decoded_wrongly(tmp_path: Path) -> None:
    spoilt = [(text.encode().decode("cp949", "replace"), label) for text, label in reviews(400)["train"]]
    assert "replacement" in " ".join(broken(tmp_path, change("train", lambda _: spoilt))["unexpected"].examples)


def test_lengths(tmp_path: Path) -> None:
    random = Random(1)
    found = broken(tmp_path, change("train", lambda rows: [(text * random.randint(400, 500), label) for text, label in rows[:40]]))
    assert set(found) >= {"lengths.50%"}
    assert found["lengths.50%"].limit == "1 to 5,000"
    assert found["lengths.50%"].examples[0].count("…") == 1
    assert "in train" in found["lengths.50%"].what
    short = broken(tmp_path, change("test", lambda rows: [("", label) for _, label in rows]))["lengths.99%"]
    assert (short.value, short.examples[0][-2:]) == (0, "''")


def test_all_that_is_broken_is_said_at_once(tmp_path: Path) -> None:
    found = profiled(tmp_path, {split: rows[:3] for split, rows in reviews(400).items()}, [Dropped("empty text", "a.csv:1", "")] * 9)
    with pytest.raises(ConfigError) as error:
        contract.enforce("reviews", expectations.measures(found, read(tmp_path).version), contract.PATH)
    said = str(error.value)
    assert "corpus reviews breaks its data contract in 2 of 10 measures" in said
    assert "examples: examples of the smallest split: 3, should be at least 10\n      train has 3" in said
    assert "dropped: share of rows left out: 0.5, should be at most 0.25\n      9 empty text, a.csv:1: ''" in said
    assert "params/contract.yaml: corpora.reviews.version" in said


def test_a_limit_of_null_is_not_asked(tmp_path: Path) -> None:
    nothing = deepcopy(DEFAULTS)
    nothing["version"] |= {key: None for key in DEFAULTS["version"] if key not in ("scripts", "lengths")} | {"lengths": {}}
    found = profiled(tmp_path, {split: rows[:3] for split, rows in reviews(400).items()})
    assert expectations.measures(found, read(tmp_path, defaults=nothing).version) == []


@pytest.mark.parametrize(
    ("low", "high", "value", "bad"),
    [(None, 1, 1, False), (None, 1, 1.01, True), (2, None, 1.9, True), (2, None, 2, False), (1, 2, 3, True), (None, None, 9, False)],
)
def test_limits_themselves_are_allowed(low: float | None, high: float | None, value: float, bad: bool) -> None:
    assert contract.Measure("key", "what", value, low, high).broken is bad
