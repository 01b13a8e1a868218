"""The decision which model is registered as champion of a problem and corpus, and why, in words that a person can check.

The choice rests on the validation split alone. The test split is only reported: choosing on it would make its score a hopeful one.
"""

from typing import Any

from malmoi.leaderboard import Entry, adjust, best_first, compare, intervals, say
from malmoi.scores import score, show

BASELINES = ("linear", "ngram")  # families that every network must beat


def decide(entries: list[Entry]) -> dict[str, Any]:
    """The decision for the experiments of one board: champion (None where nothing compares), its best seed, why, and the evidence."""
    problem, corpus = entries[0].metrics["problem"], entries[0].metrics["corpus"]
    decision = {"problem": problem, "corpus": corpus, "language": entries[0].metrics["language"], "chosen_on": "valid"}
    comparable = _comparable(entries)
    if not comparable:
        why = "No champion: no tokenizer here gives the text back, and perplexity does not compare across tokenizations."
        return decision | {"champion": None, "seed": None, "why": why, "evidence": {}}
    ordered = best_first(comparable, "valid")
    champion, rivals = ordered[0], _rivals(ordered)
    evidence = adjust([compare(champion, rival) for rival in rivals.values()])
    paired = dict(zip(rivals, evidence, strict=True))
    return decision | {
        "champion": champion.name,
        "seed": best_seed(champion),
        "metric": champion.metrics["primary"],
        "valid": champion.mean("valid"),
        "test": champion.mean("test"),
        "interval": intervals(champion).get(champion.metrics["primary"]),
        "why": " ".join(_reasons(ordered, rivals, paired)),
        "evidence": {role: {"valid": rivals[role].mean("valid"), **one} for role, one in paired.items()},
    }


def best_seed(entry: Entry) -> int:
    """The seed with the best primary metric on the validation split; the smallest of equals."""
    seeds = entry.metrics["valid"]["seeds"]
    return min((-entry.metric.sign * values[entry.metric.name], int(seed)) for seed, values in seeds.items())[1]


def _comparable(entries: list[Entry]) -> list[Entry]:
    """Those ranked together; where all stand apart, those of the one tokenization that there is."""
    main = [entry for entry in entries if not entry.group]
    return main or (entries if len({entry.group for entry in entries}) == 1 else [])


def _rivals(ordered: list[Entry]) -> dict[str, Entry]:
    """Who the champion is held against: the best baseline (or, where a baseline leads, the best network) and the runner-up, once each."""
    champion, others = ordered[0], ordered[1:]
    leads = champion.metrics["family"] in BASELINES
    opposite = [entry for entry in others if (entry.metrics["family"] in BASELINES) != leads]
    rivals = {"best_network" if leads else "baseline": opposite[0]} if opposite else {}
    if others and others[0] not in rivals.values():
        rivals["runner_up"] = others[0]
    return rivals


def _reasons(ordered: list[Entry], rivals: dict[str, Entry], paired: dict[str, dict[str, Any]]) -> list[str]:
    champion = ordered[0]
    metric, seeds = champion.metrics["primary"], len(champion.metrics["valid"]["seeds"])
    over = f", mean of {seeds} seeds" if seeds > 1 else ""
    best = f"{champion.name} has the best validation {score(metric).title}: {show(metric, champion.mean('valid'))}{over}."
    if len(ordered) == 1:
        return [best, "Nothing stands against it: it is the only comparable experiment."]
    lead = [_against_baseline(rivals, metric, champion)]
    if "runner_up" in rivals:
        lead.append(f"The runner-up, {rivals['runner_up'].name}, has {show(metric, rivals['runner_up'].mean('valid'))}.")
    tests = "; ".join(say(one) for one in paired.values())
    return [best, *(line for line in lead if line), f"On the test split, which had no say: {tests}."]


def _against_baseline(rivals: dict[str, Entry], metric: str, champion: Entry) -> str:
    if "best_network" in rivals:
        network = rivals["best_network"]
        return f"The networks did not beat this baseline: the best of them, {network.name}, has {show(metric, network.mean('valid'))}."
    if "baseline" in rivals:
        baseline = rivals["baseline"]
        return f"It beats the best baseline there, {baseline.name} with {show(metric, baseline.mean('valid'))}."
    kind = "baselines" if champion.metrics["family"] in BASELINES else "networks"
    return f"Only {kind} were compared."
