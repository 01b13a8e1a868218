"""What a decision of `promote` rests on, read from what other stages wrote: candidates with their measures, and checks of the data."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _champions, _results

if TYPE_CHECKING:
    import numpy as np

    from malmoi.challenge import Candidate
    from malmoi.leaderboard import Entry
    from malmoi.promotion import Checks

NOWHERE = "there is none"
MEGABYTE = 1e6
UNMEASURED: Mapping[str, float | None] = {"": None}


@dataclass(frozen=True)
class Places:
    """Folders that other stages wrote; None: nothing is known of that."""

    evaluate: Path
    train: Path
    ingest: Path | None = None
    profile: Path | None = None
    cost: Path | None = None

    def card(self, corpus: str) -> dict[str, Any] | None:
        """The corpus's data card."""
        file = self.ingest / corpus / "card.json" if self.ingest else None
        return _results.load(file) if file and file.is_file() else None

    def texts(self, corpus: str) -> dict[str, str]:
        """Texts of the test split by id; {} where there is none."""
        from malmoi.rows import read_examples

        file = self.ingest / corpus / "test.parquet" if self.ingest else None
        return {example.id: example.text for example in read_examples(file)} if file and file.is_file() else {}


@dataclass(frozen=True)
class Test:
    """The test split of a board. texts: by id; least: fewest examples of a class or a language that is looked at by itself."""

    texts: Mapping[str, str]
    least: int = 1

    @cached_property
    def languages(self) -> dict[str, str]:
        """The language of each text, by id."""
        from malmoi.slices import language

        return {name: language(text) for name, text in self.texts.items()}


def candidate(entry: "Entry", places: Places, test: Test, seed: int | None = None) -> "Candidate":
    """An evaluated experiment with all that guards may ask of it. seed: that is served; None: the best on validation."""
    from malmoi.challenge import Candidate
    from malmoi.champion import best_seed

    seed = best_seed(entry) if seed is None else seed
    found: dict[str, Mapping[str, float | None]] = {
        "slices": _by_language(entry, test),
        "size": {"": _bytes(places.train / entry.name / f"seed-{seed}")},
        "latency": {"": _milliseconds(places.cost / "evaluate" / f"{entry.name}.json") if places.cost else None},
    }
    if entry.metrics["problem"] == "classify":
        behaviour = places.evaluate / entry.name / "behaviour.json"
        found["classes"] = _by_class(places.evaluate / entry.name / "predictions.parquet", test.least * entry.outcomes.values.shape[1])
        found["calibration"] = {"": entry.metrics["test"]["mean"].get("calibration_error")}
        found["behaviour"] = {"": _results.load(behaviour)["rate"] if behaviour.is_file() else None}
    return Candidate(entry, seed, found)


def without(entry: "Entry", ids: "np.ndarray") -> "Entry":
    """The experiment without its answers to some test examples."""
    import numpy as np

    from malmoi.leaderboard import Outcomes

    of, left = entry.outcomes, ~np.isin(entry.outcomes.ids, ids)
    sizes = {metric: values[left] for metric, values in of.sizes.items()}
    guess = None if of.guess is None else of.guess[left]
    return replace(entry, outcomes=Outcomes(of.ids[left], of.values[left], sizes, guess, of.guesser))


def trained_on(folder: Path, texts: Mapping[str, str]) -> "np.ndarray":
    """Ids of the test texts that a champion, in its small `out/` `folder`, has met in its training."""
    import numpy as np

    met = np.isin(_champions.hashes(texts.values()), _champions.seen(folder))
    return np.array(list(texts))[met] if texts else np.array([], str)


def checks(asked: "Checks", corpus: str, places: Places, examples: int) -> list[dict[str, Any]]:
    """What is asked of the data: {"check", "what", "value", "limit", "broken": why, or ""}. examples: of test that were answered."""
    card, found = places.card(corpus), []
    if asked.leakage is not None:
        found.append(_leakage(asked.leakage, card))
    if asked.data_card:
        found.append(
            {"check": "data_card", "what": "data card", "limit": "one of this test split, with a licence", **_card(card, examples)}
        )
    if asked.contract:
        found.append({"check": "contract", "what": "data contract", "limit": "nothing broken", **_contract(places, corpus)})
    return found


def digest(names: list[str], corpus: str, places: Places) -> str:
    """SHA-256 of all files that a board's decision rests on, but for times, which are never the same twice."""
    total = sha256()
    files = [places.evaluate / name / part for name in names for part in ("metrics.json", "predictions.parquet", "behaviour.json")]
    files += [file for name in names for file in sorted((places.train / name).glob("seed-*/bundle.json"))]
    files += [folder / corpus / part for folder, part in ((places.ingest, "card.json"), (places.profile, "contract.json")) if folder]
    for file in files:
        total.update(sha256(file.read_bytes() if file.is_file() else b"").digest())
    return total.hexdigest()


def _leakage(most: float, card: dict[str, Any] | None) -> dict[str, Any]:
    check = {"check": "leakage", "what": "texts of test that occur in train", "limit": f"at most {most:.2%}"}
    if card is None:
        return check | {"value": "not known", "broken": "there is no data card to say it"}
    shared, of = card["duplicates"]["across"].get("test in train", 0), card["splits"]["test"]["examples"]
    share = shared / max(1, of)
    value = f"{shared:,} of {of:,} ({share:.2%})"
    return check | {"value": value, "broken": f"{value}, {check['limit']} may" if share > most else ""}


def _card(card: dict[str, Any] | None, examples: int) -> dict[str, str]:
    if card is None:
        return {"value": NOWHERE, "broken": NOWHERE}
    of, licence = card["splits"]["test"]["examples"], card.get("licence", "")
    value = f"{of:,} test examples, licence: {licence or 'none'}"
    return {"value": value, "broken": "" if licence and of == examples else f"{value}; {examples:,} were answered"}


def _contract(places: Places, corpus: str) -> dict[str, str]:
    file = places.profile / corpus / "contract.json" if places.profile else None
    if file is None or not file.is_file():
        return {"value": NOWHERE, "broken": NOWHERE}
    measures = _results.load(file)["measures"]
    broken = [measure["what"] for measure in measures if measure["broken"]]
    return {"value": f"{len(measures)} measures, {len(broken)} broken", "broken": "; ".join(broken)}


def _by_language(entry: "Entry", test: Test) -> Mapping[str, float | None]:
    """The score on Korean and on English test texts, mean over seeds: of the metric that paired tests compare."""
    import numpy as np

    from malmoi.scores import tested

    outcomes = entry.outcomes
    if not test.texts or set(outcomes.ids.tolist()) - test.texts.keys():
        return UNMEASURED
    sizes = outcomes.sizes[tested(entry.metrics["primary"]).name]
    spoken = np.array([test.languages[name] for name in outcomes.ids.tolist()])
    scores = outcomes.values.mean(axis=1, dtype=np.float64)
    found = {name: spoken == name for name in np.unique(spoken).tolist() if np.sum(spoken == name) >= test.least}
    return {name: float(scores[inside].sum() / sizes[inside].sum()) for name, inside in found.items()}


def _by_class(file: Path, least: int) -> dict[str, float | None]:
    """F1 of each class that has so many answers, those of all seeds together."""
    import numpy as np
    import pyarrow.parquet as pq

    columns = pq.read_table(file, columns=["label", "predicted"])
    labels, predicted = (columns[name].to_numpy(zero_copy_only=False).astype(str) for name in ("label", "predicted"))
    found: dict[str, float | None] = {}
    for name in (name for name in np.unique(labels).tolist() if np.sum(labels == name) >= least):
        hits = int(np.sum((labels == name) & (predicted == name)))
        found[name] = 2 * hits / (int(np.sum(labels == name)) + int(np.sum(predicted == name)))
    return found


def _bytes(bundle: Path) -> float | None:
    size = sum(file.stat().st_size for file in bundle.rglob("*") if file.is_file())
    return size / MEGABYTE if size else None


def _milliseconds(file: Path) -> float | None:
    """Time for a text, from raw text to answer, in batches."""
    return 1000 / _results.load(file)["texts_per_second"] if file.is_file() else None
