"""The card says what the numbers say, shows every text as it is, and leaves out what was not measured."""

import re
from dataclasses import replace
from typing import Any

import pytest

from malmoi._model_card import markdown
from malmoi.model_card import BRIEFLY, Facts, brief, render

BUNDLE = {
    "experiment": "shop-gru",
    "problem": "classify",
    "corpus": "shop",
    "language": "ko",
    "family": "recurrent",
    "seed": 2,
    "key": "ab12",
}
EVALUATION = {
    "primary": "accuracy",
    "test": {
        "mean": {"accuracy": 0.8, "calibration_error": 0.12, "log_loss": 0.5},
        "spread": {"accuracy": 0.01, "calibration_error": None, "log_loss": None},
        "interval": {"accuracy": [0.75, 0.85]},
        "seeds": {"1": {}, "2": {}},
    },
    "valid": {"mean": {"accuracy": 0.82}},
}
DATA = {
    "title": "Shop | reviews",
    "licence": "internal",
    "splits": {"test": {"examples": 120, "characters": 3000, "labels": {"good": 70, "bad": 50}, "sha256": "cd" * 32}},
    "duplicates": {"across": {"test in train": 7, "valid in train": 0}},
    "rows": {"dropped": 3},
    "drops": {"empty text": {"count": 3, "first": []}},
}
BEHAVIOUR = {
    "tests": {
        "spaces_removed": {
            "kind": "invariance",
            "about": "all spaces taken away",
            "cases": 50,
            "rate": 0.34,
            "interval": [0.22, 0.48],
            "examples": [
                {
                    "before": "정말 좋다 <b>",
                    "after": "정말좋다 <b>",
                    "answers": [{"label": "good", "probability": 0.9}, {"label": "bad", "probability": 0.7}],
                }
            ],
        },
        "plain_blame": {
            "kind": "minimum",
            "about": "plain blame",
            "cases": 50,
            "rate": 0.02,
            "interval": [0.0, 0.1],
            "examples": [{"before": "별로다", "after": None, "answers": [{"label": "good", "probability": 0.6}]}],
        },
    },
    "kinds": {"invariance": 0.34, "minimum": 0.02},
    "left_out": {"laughter": "2 cases"},
}
FACTS = Facts(
    name="classify-shop",
    bundle=BUNDLE | {"parameters": 12345},
    entry={"model": {"family": "recurrent", "cell": "gru"}, "training": {"epochs": 3}, "seeds": [1, 2]},
    pipeline={"labels": ["bad", "good"], "tokenizer": {"name": "okt", "options": {}}, "feature": {"kind": "sequence"}},
    evaluation=EVALUATION,
    data=DATA,
    tables={
        "classes": [
            {"class": "bad", "precision": "0.5", "recall": "0.3", "f1": "0.375", "low": "0.2", "high": "0.5", "support": "50"},
            {"class": "good", "precision": "0.9", "recall": "0.9", "f1": "0.9", "low": "0.8", "high": "0.95", "support": "70"},
        ],
        "length": [{"unit": "characters", "from": "3", "to": "20", "texts": "60", "accuracy": "0.7", "low": "0.5", "high": "0.8"}],
        "calibration": [{"from": "0.9", "to": "1.0", "texts": "40", "confidence": "0.95", "accuracy": "0.8", "low": "0.6", "high": "0.9"}],
    },
    behaviour=BEHAVIOUR,
    mistakes=[{"text": "한 줄\n두 줄 | *별* [x](http://a)", "label": "bad", "predicted": "good", "probability": 0.987}],
    costs={
        "train": {
            "seeds": {"1": {"seconds": 10.0, "cpu_seconds": 15.0}, "2": {"seconds": 12.0, "cpu_seconds": 18.0}},
            "cores": 2,
            "peak_mb": 900,
        },
        "evaluate": {"texts_per_second": 1234.0, "peak_mb": 512.4},
        "pretrain": {"directions": {"forward": {"seconds": 100.0, "cpu_seconds": 90.0}}, "cores": 1},
    },
    why="It is best.",
    commit="deadbeef",
    hashes={"out/train/shop-gru": "1f.dir", "malmoi/batches.py": "2e"},
    examples=["좋아요"],
)
NOTHING = Facts(name="", bundle=BUNDLE, entry={}, pipeline={})


def section(card: str, title: str) -> str:
    return card.split(f"\n## {title}\n")[1].split("\n## ")[0]


def test_the_whole_card() -> None:
    card = render(FACTS)
    assert card.startswith("# classify-shop: shop-gru, seed 2\n\nA model of the family *recurrent* on the Korean corpus *shop*")
    assert "| **accuracy** | 80.0% | 75.0% to 85.0% | 1.0% | 82.0% | higher |" in section(card, "Scores")
    parts = section(card, "Parts of the test split")
    assert "| bad | 50.0% | 30.0% | 37.5% | 50 | 20.0% to 50.0% |" in parts
    assert "| 3 to 20 characters | 70.0% | 60 | 50.0% to 80.0% |" in parts
    assert "| 90 % to 100 % | 40 | 80.0% | 60.0% to 90.0% |" in parts
    assert '* model: recurrent `{"cell": "gru"}`' in section(card, "Recipe")
    cost = section(card, "Cost")
    assert "* training: 22.0 s for 2 seeds, 33.0 s of processor time on 2 cores" in cost
    assert "* language models that it began with: 100.0 s for 1 direction, 90.0 s of processor time on 1 cores" in cost
    assert "* most memory while training: 900 MB\n* most memory while answering: 512 MB\n* answering, each second: 1,234 texts" in cost
    assert "| `malmoi/batches.py` | `2e` |" in section(card, "Lineage")
    assert "models:/classify-shop@champion" in section(card, "How to call it")
    assert "* licence: internal" in section(card, "Data")


def test_limits_are_what_the_numbers_warn_of() -> None:
    limits = section(render(FACTS), "Limits")
    assert "Measured on 120 texts only: the score may be anywhere from 75.0% to 85.0%." in limits
    assert "Weak classes (F1): bad 37.5%." in limits
    assert "off by 12.0% on average" in limits
    assert "7 test texts are also in training" in limits
    assert "Behavioural tests failed: invariance 34.0%." in limits  # 2 % of the minimum is no warning
    good = replace(
        FACTS,
        evaluation=EVALUATION | {"test": {"mean": {"accuracy": 0.8, "calibration_error": 0.01}}},
        data={"splits": {"test": {"examples": 50_000, "characters": 1, "labels": {}, "sha256": "e"}}},
        tables={},
        behaviour={},
    )
    assert "## Limits" not in render(good)


def test_behaviour_and_failures_show_texts() -> None:
    card = render(FACTS)
    behaviour = section(card, "Behaviour")
    assert "| spaces removed | invariance | all spaces taken away | 50 | 34.0% | 22.0% to 48.0% |" in behaviour
    assert "* spaces removed: “정말 좋다 &lt;b&gt;” good (0.90), but “정말좋다 &lt;b&gt;” bad (0.70)" in behaviour
    assert "* plain blame: “별로다” is taken for good (0.60)" in behaviour
    assert "Too few texts to ask: laughter." in behaviour
    assert r"| 한 줄 두 줄 \| \*별\* \[x\](http://a) | bad | good | 0.99 |" in section(card, "Known failures")


def test_what_was_not_measured_is_left_out() -> None:
    card = render(NOTHING)
    titles = re.findall(r"^## (.*)$", card, re.M)
    assert titles == ["Intended use", "Scores", "Data", "Lineage"]
    assert "Not evaluated yet." in card
    assert "None" not in card


def test_a_language_model() -> None:
    facts = replace(
        NOTHING,
        bundle=BUNDLE | {"problem": "language_model", "language": "en"},
        mistakes=[{"text": "odd", "bits_per_character": 9.876}],
        tables={
            "frequency": [
                {"frequency": "unknown", "tokens": "3", "bits_per_token": "12.5", "low": "11", "high": "13", "perplexity": "5793",
                 "share_of_tokens": "0.01", "share_of_bits": "0.05"},
            ],
            "length": [
                {"unit": "tokens", "from": "1", "to": "9", "texts": "5", "perplexity": "12.3", "perplexity_low": "10",
                 "perplexity_high": "14"},
            ],
        },
    )  # fmt: skip
    card = render(facts)
    assert "Continues a text in English" in card
    assert "| odd | 9.88 |" in card
    assert "| unknown | 12.5 | 5,793 | 1.0% | 5.0% | 11 to 13 |" in card
    assert "| 1 to 9 tokens | 12.3 | 5 | 10 to 14 |" in card


@pytest.mark.parametrize("limit", [5000, 1800, 900])
def test_the_brief_card_keeps_what_is_needed_most(limit: int) -> None:
    card = brief(FACTS, limit)
    assert len(card) <= limit
    titles = re.findall(r"^## (.*)$", card, re.M)
    assert titles == list(BRIEFLY[: len(titles)])
    assert "`model-card.md`" in card
    if limit == 5000:
        assert titles == list(BRIEFLY)
        assert "malmoi/batches.py" not in card
        assert "* invariance: 34.0% of the cases failed; most where spaces removed was tried: 34.0%" in card


def test_cells_of_the_brief_card_have_space() -> None:
    card = brief(FACTS, 5000)
    assert "| **accuracy**&emsp;| 80.0%&emsp;|" in card
    assert "| --- | --- |" in card
    assert "&emsp;" not in render(FACTS)


def test_a_brief_card_with_no_room_is_cut() -> None:
    assert len(brief(FACTS, 200)) == 200


@pytest.mark.parametrize("text", ["`code` _x_ ~y~", "# title", "<script>", "a\\b"])
def test_signs_are_escaped(text: str) -> None:
    shown = markdown.plain(text)
    assert re.sub(r"\\(.)", r"\1", shown).replace("&lt;", "<").replace("&gt;", ">") == text
    assert not re.search(r"(?<!\\)[`_~#]", shown)
    assert "<" not in shown


def test_a_long_text_is_cut_where_it_changes() -> None:
    one, other = "가" * 300 + "나" + "다" * 300, "가" * 300 + "라" + "다" * 300
    shown = markdown.quoted(one, markdown.parting(one, other))
    assert shown.startswith("…가")
    assert shown.endswith("다…")
    assert "나" in shown
    assert len(shown) == markdown.LONGEST + 2


def test_nothing_depends_on_order_of_keys() -> None:
    shuffled: dict[str, Any] = dict(reversed(list(BEHAVIOUR["tests"].items())))
    again = replace(FACTS, behaviour=BEHAVIOUR | {"tests": shuffled})
    bullets = [[line for line in section(render(one), "Behaviour").splitlines() if line.startswith("*")] for one in (FACTS, again)]
    assert bullets[0] == bullets[1]
