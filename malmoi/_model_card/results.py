"""Sections of a model card about what came out: scores, parts of the test split, behavioural tests, the worst mistakes."""

from typing import Any

from malmoi._model_card import markdown
from malmoi._model_card.markdown import bullets, paragraphs, plain, quoted, table
from malmoi.scores import score, show, show_interval

SHOWN = 5  # failures of behaviour
SLICES = {  # table that `evaluate` wrote: its title, what a row is called by, and the columns shown
    "classes": ("By class", "class", ("precision", "recall", "f1", "support")),
    "length": ("By length of the text", "", ("accuracy", "perplexity", "bits_per_character", "texts")),
    "unknown": ("By the share of a text's tokens that the vocabulary lacks", "", ("accuracy", "texts")),
    "frequency": ("By how often training had the token", "frequency", ("bits_per_token", "perplexity", "share_of_tokens", "share_of_bits")),
}
TITLES = {
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "support": "texts",
    "texts": "texts",
    "share_of_tokens": "of all tokens",
    "share_of_bits": "of all bits",
}
SHARES = ("precision", "recall", "f1", "accuracy", "share_of_tokens", "share_of_bits")


def scores(evaluation: dict[str, Any]) -> str:
    """Test and validation scores: mean over seeds, spread, interval."""
    test, valid = (evaluation.get(split) or {} for split in ("test", "valid"))
    if not test.get("mean"):
        return "Not evaluated yet."
    spread, intervals = test.get("spread") or {}, test.get("interval") or {}
    rows = [
        [
            f"**{plain(score(name).title)}**" if name == evaluation.get("primary") else plain(score(name).title),
            show(name, value),
            show_interval(name, intervals.get(name)) or "–",
            show(name, spread.get(name)),
            show(name, (valid.get("mean") or {}).get(name)),
            score(name).better,
        ]
        for name, value in test["mean"].items()
        if name not in ("tokens", "characters", "bytes")
    ]
    seeds = len(test.get("seeds") or {})
    redrawn = (
        "intervals are of these means: texts and seeds redrawn" if "redrawn" in test else "the interval is that of the first seed's answers"
    )
    note = f"Means over {seeds} seeds; {redrawn}." if seeds > 1 else ""
    return paragraphs(table(("score", "test", "95 % interval", "between seeds (sd)", "validation", "better"), rows), note)


def slices(tables: dict[str, list[dict[str, str]]]) -> str:
    """Scores of parts of the test split, those that were measured; of calibration, how far off each confidence is."""
    parts = [_slice(name, rows) for name, rows in tables.items() if name in SLICES and rows]
    return paragraphs(*parts, _calibration(tables.get("calibration", [])))


def _slice(name: str, rows: list[dict[str, str]]) -> str:
    title, key, columns = SLICES[name]
    shown = [column for column in columns if any(row.get(column) for row in rows)]
    cells = [
        [plain(row[key]) if key else _range(row, name), *(_number(column, row.get(column, "")) for column in shown), _edges(row)]
        for row in rows
    ]
    heads = [TITLES.get(column) or plain(score(column).title) for column in shown]
    return paragraphs(f"**{title}**", table(("", *heads, "95 % interval of " + (heads[2] if key == "class" else heads[0])), cells))


def _range(row: dict[str, str], name: str) -> str:
    low, high = (float(row[edge]) for edge in ("from", "to"))
    if name == "unknown":
        return "none" if high == 0 else f"{100 * low:g} % to {100 * high:g} %"
    return f"{low:g} to {high:g} {plain(row.get('unit', ''))}".strip()


def _edges(row: dict[str, str]) -> str:
    kind = next((kind for kind in ("", "perplexity_", "bits_per_character_") if row.get(f"{kind}low")), None)
    if kind is None:
        return "–"
    share = "accuracy" if kind == "" and ("accuracy" in row or "f1" in row) else "perplexity"
    return f"{_number(share, row[f'{kind}low'])} to {_number(share, row[f'{kind}high'])}"


def _number(column: str, value: str) -> str:
    if not value:
        return "–"
    return f"{100 * float(value):.1f}%" if column in SHARES else f"{float(value):,.4g}"


def _calibration(rows: list[dict[str, str]]) -> str:
    cells = [
        [
            f"{100 * float(row['from']):.0f} % to {100 * float(row['to']):.0f} %",
            row["texts"],
            _number("accuracy", row["accuracy"]),
            _edges(row),
        ]
        for row in rows
    ]
    return paragraphs("**Calibration**", table(("when it is so sure", "texts", "it is right", "95 % interval"), cells)) if cells else ""


def behaviour(found: dict[str, Any]) -> str:
    """Failure rates of the behavioural tests, and the failures that the model was surest of."""
    tests = found.get("tests") or {}
    if not tests:
        return ""
    rows = [
        [plain(name.replace("_", " ")), one["kind"], plain(one["about"]), str(one["cases"]), show("accuracy", one["rate"]), _share(one)]
        for name, one in tests.items()
    ]
    kinds = ", ".join(f"{kind} {show('accuracy', rate)}" for kind, rate in found.get("kinds", {}).items())
    left = ", ".join(plain(name.replace("_", " ")) for name in found.get("left_out") or {})
    return paragraphs(
        f"Failures of the tests of `malmoi/behaviour.py` (CheckList, Ribeiro et al. 2020), by kind: {kinds}.",
        table(("test", "kind", "what is done", "cases", "failures", "95 % interval"), rows),
        f"Too few texts to ask: {left}." if left else "",
        bullets(_failure(*one) for one in _worst(tests)),
    )


def behaviour_briefly(found: dict[str, Any]) -> str:
    """The same in a line for each kind."""
    kinds = found.get("kinds") or {}
    worst = {kind: max((one["rate"], name) for name, one in found["tests"].items() if one["kind"] == kind) for kind in kinds}
    return bullets(
        f"{kind}: {show('accuracy', rate)} of the cases failed; most where {plain(worst[kind][1].replace('_', ' '))} was tried: "
        f"{show('accuracy', worst[kind][0])}"
        for kind, rate in kinds.items()
    )


def _share(one: dict[str, Any]) -> str:
    return show_interval("accuracy", one["interval"])


def _worst(tests: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """The first failure of each test, those of the highest failure rates first."""
    failed = [(-one["rate"], name, one["examples"][0]) for name, one in tests.items() if one["examples"]]
    return [(name, example) for _, name, example in sorted(failed, key=lambda one: one[:2])][:SHOWN]


def _failure(name: str, example: dict[str, Any]) -> str:
    said = [f"{plain(answer['label'])} ({answer['probability']:.2f})" for answer in example["answers"]]
    title = f"{plain(name.replace('_', ' '))}: "
    if example["after"] is None:
        return f"{title}“{quoted(example['before'])}” is taken for {said[0]}"
    start = markdown.parting(example["before"], example["after"])
    return f"{title}“{quoted(example['before'], start)}” {said[0]}, but “{quoted(example['after'], start)}” {said[1]}"


def failures(mistakes: list[dict[str, Any]], count: int) -> str:
    """The test examples that a classifier gets wrong and is surest of, or whose characters cost a language model most bits."""
    if not mistakes:
        return ""
    shown = mistakes[:count]
    if "bits_per_character" in shown[0]:
        rows = [[quoted(one["text"]), f"{one['bits_per_character']:.2f}"] for one in shown]
        return paragraphs("Test texts that surprise it most:", table(("text", "bits per character"), rows))
    rows = [[quoted(one["text"]), plain(one["label"]), plain(one["predicted"]), f"{one['probability']:.2f}"] for one in shown]
    return paragraphs("Test texts that it gets wrong and is surest of:", table(("text", "is", "taken for", "probability"), rows))
