"""The card of a model (Mitchell et al., 2019, Model cards for model reporting) as Markdown: what it is for, how good, where it fails.

All that it says is read from what the stages wrote: a limit is stated because a number shows it. What was not measured is left out. Where
room is short, the sections that are needed least go first.
"""

from dataclasses import dataclass, field
from typing import Any

from malmoi._model_card import markdown, origins, results
from malmoi._model_card.markdown import bullets, paragraphs, plain
from malmoi.scores import absent, show, show_interval

LANGUAGES = {"ko": "Korean", "en": "English"}
FEW = 1_000  # texts of a test split; below it an interval is wide
WEAK = 0.5  # F1 of a class
OFF = 0.05  # calibration error
FAILURES, FAILURES_BRIEFLY = 10, 3
MADE = "out/"  # what stages made; the rest is code
WHOLE = "The whole card is the file `model-card.md` among the artifacts of this version's run."
BRIEFLY = ("Intended use", "Limits", "Scores", "Behaviour", "Known failures", "Data", "How to call it", "Lineage")  # the last ones go first


@dataclass(frozen=True)
class Facts:
    """What is known of one trained model; {} and [] where nothing is.

    name: of the registered model, "" for one that is not. bundle, entry, pipeline, evaluation: bundle.json, experiment.json, pipeline.json,
    metrics.json. data: the corpus's card.json. tables: rows of classes.csv, calibration.csv, length.csv, ... behaviour: behaviour.json.
    mistakes: the worst first, {"text", "label", "predicted", "probability"} or {"text", "bits_per_character"}. costs: what training,
    answering and pretraining measured, {"train": ..., "evaluate": ..., "pretrain": ...}. hashes: DVC's, by path. examples: texts to ask it.
    """

    name: str
    bundle: dict[str, Any]
    entry: dict[str, Any]
    pipeline: dict[str, Any]
    evaluation: dict[str, Any] = field(default_factory=dict)
    data: dict[str, Any] = field(default_factory=dict)
    tables: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    behaviour: dict[str, Any] = field(default_factory=dict)
    mistakes: list[dict[str, Any]] = field(default_factory=list)
    costs: dict[str, dict[str, Any]] = field(default_factory=dict)
    why: str = ""
    commit: str = ""
    hashes: dict[str, str] = field(default_factory=dict)
    examples: list[str] = field(default_factory=list)


def render(facts: Facts) -> str:
    """The whole card."""
    sections = {
        "Intended use": _use(facts),
        "Limits": bullets(_limits(facts)),
        "Scores": results.scores(facts.evaluation),
        "Parts of the test split": results.slices(facts.tables),
        "Behaviour": results.behaviour(facts.behaviour),
        "Known failures": results.failures(facts.mistakes, FAILURES),
        "Data": origins.data(str(facts.bundle["corpus"]), facts.data),
        "Recipe": origins.recipe(facts.entry, facts.pipeline, facts.bundle.get("parameters")),
        "Cost": origins.cost(facts.costs),
        "Lineage": _lineage(facts),
        "How to call it": _call(facts),
    }
    return _joined(facts, sections)


def brief(facts: Facts, limit: int) -> str:
    """The card in at most `limit` characters: fewer sections, the last of BRIEFLY going first. Where the first ones alone are too long, as
    much of them as there is room for."""
    kept = {
        "Intended use": _use(facts),
        "Limits": bullets(_limits(facts)),
        "Scores": results.scores(facts.evaluation),
        "Behaviour": results.behaviour_briefly(facts.behaviour),
        "Known failures": results.failures(facts.mistakes, FAILURES_BRIEFLY),
        "Data": origins.data(str(facts.bundle["corpus"]), facts.data),
        "How to call it": _call(facts),
        "Lineage": _lineage(facts, MADE),
    }
    for count in range(len(BRIEFLY), 0, -1):
        card = markdown.spaced(_joined(facts, {title: kept[title] for title in BRIEFLY[:count]})) + f"\n{WHOLE}\n"
        if len(card) <= limit:
            return card
    return card[: limit - 1] + "…"


def _joined(facts: Facts, sections: dict[str, str]) -> str:
    return paragraphs(_head(facts), *(f"## {title}\n\n{text}" for title, text in sections.items() if text)) + "\n"


def _head(facts: Facts) -> str:
    bundle, pipeline = facts.bundle, facts.pipeline
    tokenizer, feature = ((pipeline.get(part) or {}).get(key) for part, key in (("tokenizer", "name"), ("feature", "kind")))
    how = f": text cut by *{plain(tokenizer)}*, given to it as *{plain(feature)}*" if tokenizer and feature else ""
    about = f"A model of the family *{plain(bundle.get('family', ''))}* on the {_language(facts)} corpus *{plain(bundle['corpus'])}*{how}."
    title = f"{plain(facts.name)}: " if facts.name else ""
    return paragraphs(f"# {title}{plain(bundle['experiment'])}, seed {bundle['seed']}", about, plain(facts.why))


def _language(facts: Facts) -> str:
    code = str(facts.bundle.get("language", ""))
    return LANGUAGES.get(code, plain(code))


def _use(facts: Facts) -> str:
    corpus, language = plain(facts.data.get("title") or facts.bundle["corpus"]), _language(facts)
    labels = [plain(label) for label in facts.pipeline.get("labels") or []]
    if facts.bundle["problem"] == "language_model":
        return (
            f"Continues a text in {language}, and says how likely one is, in the manner of: {corpus}. For study and comparison of sequence "
            "models; what it writes is likely, not true, and may repeat what it was trained on."
        )
    named = f"{', '.join(labels[:-1])} or {labels[-1]}" if 1 < len(labels) <= 20 else f"one of {len(labels)}"
    return (
        f"Says which class a text in {language} belongs to: {named}. For texts like those of: {corpus}. Every text gets one of these "
        "answers, texts of other kinds and languages too: there is no answer for “none of them”."
    )


def _limits(facts: Facts) -> list[str]:
    """What the numbers warn of."""
    test, card = facts.evaluation.get("test") or {}, facts.data
    primary = str(facts.evaluation.get("primary"))
    size = ((card.get("splits") or {}).get("test") or {}).get("examples")
    found = []
    if size is not None and size < FEW:
        between = show_interval(primary, (test.get("interval") or {}).get(primary))
        found.append(f"Measured on {size:,} texts only" + (f": the score may be anywhere from {between}." if between else "."))
    if said := absent(facts.evaluation.get("absent_labels")):
        found.append(f"{plain(said[0].upper() + said[1:])}.")
    scored = sorted((float(row["f1"]), row["class"]) for row in facts.tables.get("classes", []))
    weak = [f"{plain(name)} {show('macro_f1', value)}" for value, name in scored if value < WEAK]
    found += [f"Weak classes (F1): {', '.join(weak)}."] if weak else []
    error = (test.get("mean") or {}).get("calibration_error")
    found += [f"Its probabilities are off by {show('calibration_error', error)} on average."] if error is not None and error > OFF else []
    shared = ((card.get("duplicates") or {}).get("across") or {}).get("test in train")
    found += [f"{shared:,} test texts are also in training, which flatters every score."] if shared else []
    failed = [f"{kind} {show('accuracy', rate)}" for kind, rate in (facts.behaviour.get("kinds") or {}).items() if rate > OFF]
    found += [f"Behavioural tests failed: {', '.join(failed)}."] if failed else []
    found += [f"Licence of the data: {plain(card['licence'])}."] if card.get("licence") else []
    return found


def _lineage(facts: Facts, under: str = "") -> str:
    hashes = {path: digest for path, digest in facts.hashes.items() if path.startswith(under)}
    return origins.lineage(facts.commit, hashes, str(facts.bundle["key"]), str(facts.bundle["experiment"]))


def _call(facts: Facts) -> str:
    """In Python and over HTTP; nothing for a model that is not registered."""
    if not facts.name:
        return ""
    place, texts = f"models:/{facts.name}@champion", facts.examples or ["..."]
    python = f"import mlflow\nmodel = mlflow.pyfunc.load_model({place!r})\nprint(model.predict({texts[:1]!r}))"
    shell = f"mlflow models serve -m {place} --env-manager local --port 5001"
    return paragraphs(f"```python\n{python}\n```", f'Over HTTP: `{shell}`, then POST `{{"inputs": ["..."]}}` to `/invocations`.')
