"""The decision whether a challenger takes the champion's place, with every number that it rests on.

Nobody is promoted who is not better than guessing (`malmoi.guessing`), neither as the first one nor against a champion.

All challengers of a board meet the standing champion on the same test examples. One is shown better where the paired bootstrap over
examples and seeds (for accuracy also McNemar's test of the two bundles that would be exchanged, the larger p of both) stays under the
level after Holm's correction for all challengers of the board (`malmoi.statistics`). It is promoted where, besides, it gains at least what
matters, has enough seeds, breaks no guard, and the checks of the data hold (`malmoi.promotion`). Of several such the validation split
chooses, since the test split has answered its one question. Where nobody stands yet, validation alone chooses (`malmoi.champion`).
"""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from malmoi import champion, guards, statistics
from malmoi.guessing import Found, judge
from malmoi.leaderboard import Entry, best_first, compare, intervals, verdict
from malmoi.promotion import Rules
from malmoi.promotion_words import against_guessing, why
from malmoi.scores import Metric, score, tested

DRAWN = "draws random numbers"


@dataclass(frozen=True)
class Candidate:
    """One evaluated experiment: its scores and answers, what guards are held to, the seed that would be served, and what it shows against
    guessing, once that was judged."""

    entry: Entry
    seed: int
    measures: guards.Measures = field(default_factory=dict)
    guessing: Found = field(default_factory=lambda: {"better": False})


@dataclass(frozen=True)
class Board:
    """What holds for all candidates. checks: of the data, {"check", "what", "value", "limit", "broken"}; held: why a person has put this
    champion in its place, "" where evidence has."""

    rules: Rules
    checks: list[dict[str, Any]] = field(default_factory=list)
    held: str = ""

    def broken(self) -> list[str]:
        """What the checks find wrong, in words."""
        return [f"{check['what']}: {check['broken']}" for check in self.checks if check["broken"]]


def first(candidates: list[Candidate], board: Board) -> dict[str, Any]:
    """The decision where no champion stands: of those that keep the rules, the best on validation."""
    candidates = _judged(candidates, board)
    refused = {one.entry.name: _refusals(one, None, board) for one in candidates}
    eligible = [one.entry for one in candidates if not refused[one.entry.name]]
    rows = [_alone(one, refused[one.entry.name]) for one in candidates]
    about = {"outcome": "promoted", "standing": None, "challengers": rows}
    if not eligible:
        guesses = not any(one.guessing["better"] for one in candidates)
        opening = "no experiment is better than guessing" if guesses else "every experiment is refused"
        said = f"No champion: {opening}. " + " ".join(f"{row['experiment']}: {row['why']}." for row in rows)
        return _blank(candidates[0].entry) | about | {"outcome": "refused", "why": said}
    decision = champion.decide(eligible) | about
    if decision["champion"] is None:
        return _blank(candidates[0].entry) | decision | {"outcome": "refused", "challenger": None}
    others = [entry for entry in best_first(_like(eligible, decision["champion"]), "valid") if entry.name != decision["champion"]]
    out = [row["experiment"] for row in rows if row["refusals"]]
    more = f" Refused, as they break a rule: {', '.join(out)}." if out else ""
    opening = "No champion stood here, so validation alone has chosen the first. "
    decision["guessing"] = next(one.guessing for one in candidates if one.entry.name == decision["champion"])
    return decision | {"why": opening + decision["why"] + more, "challenger": _named(others[0]) if others else None}


def challenge(standing: Candidate, challengers: list[Candidate], board: Board) -> dict[str, Any]:
    """The decision where a champion stands: it stays, or one of the challengers takes its place."""
    standing, *challengers = _judged([standing, *challengers], board)
    alike = [one for one in challengers if one.entry.group == standing.entry.group]
    met = _adjusted([_meet(one, standing) for one in alike])
    rows = [_row(one, found, standing, board) for one, found in zip(alike, met, strict=True)]
    able = [one.entry for one, row in zip(alike, rows, strict=True) if row["outcome"] == "promoted"]
    winner = best_first(able, "valid")[0] if able else None
    rows = [_passed_over(row, winner.name) if winner and row["experiment"] != winner.name else row for row in rows]
    rows += [_apart(one, standing) for one in challengers if one not in alike]
    refused = [row["experiment"] for row in rows if row["outcome"] == "refused"]
    decision = _blank(standing.entry) | _scores(winner or standing.entry) | {"challengers": rows}
    decision["outcome"] = "promoted" if winner else "refused" if refused else "no difference"
    decision |= {"champion": (winner or standing.entry).name, "seed": champion.best_seed(winner) if winner else standing.seed}
    decision["guessing"] = next((one.guessing for one in alike if one.entry is winner), standing.guessing)
    next_ones = [one.entry for one in alike if one.entry is not winner]
    next_ones = [entry for entry in next_ones if entry.name in refused and not winner] or next_ones
    return decision | {"challenger": _named(best_first(next_ones, "valid")[0]) if next_ones else None}


def _judged(candidates: list[Candidate], board: Board) -> list[Candidate]:
    """With what they show against guessing, all of them together."""
    found = judge([(one.entry, one.seed) for one in candidates], board.rules.level)
    return [replace(one, guessing=each) for one, each in zip(candidates, found, strict=True)]


def _blank(entry: Entry) -> dict[str, Any]:
    about = {name: entry.metrics[name] for name in ("problem", "corpus", "language")}
    about["metric"] = entry.metrics["primary"]
    return about | {"chosen_on": "valid", "champion": None, "seed": None, "challenger": None, "evidence": {}}


def _scores(entry: Entry) -> dict[str, Any]:
    metric = entry.metrics["primary"]
    scores = {"metric": metric, "valid": entry.mean("valid"), "test": entry.mean("test")}
    return scores | {"interval": intervals(entry).get(metric)}


def _named(entry: Entry) -> dict[str, Any]:
    return {"experiment": entry.name, "seed": champion.best_seed(entry)}


def _like(entries: list[Entry], name: str) -> list[Entry]:
    group = next(entry.group for entry in entries if entry.name == name)
    return [entry for entry in entries if entry.group == group]


def _meet(one: Candidate, standing: Candidate) -> dict[str, Any]:
    """The paired tests of a challenger and the champion. "p": the larger of "p_bootstrap" and, for accuracy, "p_mcnemar"."""
    mine, theirs = one.entry.outcomes, standing.entry.outcomes
    paired = compare(one.entry, standing.entry)
    p = paired["p"]
    if paired["test"] != "paired bootstrap":  # of one seed each McNemar's was taken: as numbers they are redrawn
        values = mine.values.astype(np.float64), theirs.values.astype(np.float64)
        p = _rounded(statistics.difference(*values, mine.sizes[paired["metric"]]).p)
    found = {key: paired[key] for key in ("metric", "difference", "interval", "examples")} | {"p_bootstrap": p}
    if mine.values.dtype == theirs.values.dtype == np.bool_:
        bundles = mine.values[:, _column(one)], theirs.values[:, _column(standing)]
        only = int(np.sum(bundles[0] & ~bundles[1])), int(np.sum(~bundles[0] & bundles[1]))
        found |= {"p_mcnemar": _rounded(statistics.mcnemar(*bundles)), "only_challenger_right": only[0], "only_champion_right": only[1]}
    return found | {"p": max(found["p_bootstrap"], found.get("p_mcnemar", 0.0))}


def _column(one: Candidate) -> int:
    """Which column of the answers is the served seed's: they stand in the seeds' order."""
    return sorted(int(seed) for seed in one.entry.metrics["test"]["seeds"]).index(one.seed)


def _adjusted(met: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"p_adjusted": _rounded(p)} for one, p in zip(met, statistics.holm([one["p"] for one in met]), strict=True)]


def _row(one: Candidate, met: dict[str, Any], standing: Candidate, board: Board) -> dict[str, Any]:
    """One challenger's part of the decision."""
    said = "better" if met["p_adjusted"] < board.rules.level else "no difference"
    said = said if said == "no difference" else verdict(met, 0.0)
    least = board.rules.gain.get(met["metric"], 0.0)
    gain = met["difference"] * score(met["metric"]).sign
    found = guards.judge(board.rules.guards, _metric(one.entry), one.measures, standing.measures)
    refusals = _refusals(one, standing, board)
    enough = said == "better" and gain >= least
    outcome = ("refused" if refusals else "promoted") if enough else said if said == "worse" else "no difference"
    row = _about(one) | met | {"verdict": said, "least_gain": least, "guards": found, "refusals": refusals, "outcome": outcome}
    return row | {"why": why(row, enough)}


def _refusals(one: Candidate, standing: Candidate | None, board: Board) -> list[str]:
    """Rules that a candidate breaks, in words."""
    metrics, rules = one.entry.metrics, board.rules
    seeds = len(metrics["valid"]["seeds"])
    said = []
    if metrics["family"] not in champion.BASELINES and seeds < rules.seeds:
        said.append(f"it has {seeds} seed{'s' if seeds > 1 else ''}, and a model that {DRAWN} needs {rules.seeds}")
    if not one.guessing["better"]:
        said.append(against_guessing(one.guessing))
    judged = guards.judge(rules.guards, _metric(one.entry), one.measures, standing.measures if standing else None)
    said += [f"{guard['what']}: {guard['broken']}" for guard in judged if guard["broken"]]
    return said + board.broken() + ([board.held] if board.held and standing else [])


def _metric(entry: Entry) -> Metric:
    return tested(entry.metrics["primary"])


def _about(one: Candidate) -> dict[str, Any]:
    scores = {split: one.entry.mean(split) for split in ("valid", "test")}
    named = {"experiment": one.entry.name, "seed": one.seed, "seeds": len(one.entry.metrics["valid"]["seeds"])}
    return named | scores | {"guessing": one.guessing}


def _alone(one: Candidate, refusals: list[str]) -> dict[str, Any]:
    return _about(one) | {
        "outcome": "refused" if refusals else "eligible",
        "refusals": refusals,
        "why": "; ".join(refusals) or "keeps every rule",
    }


def _apart(one: Candidate, standing: Candidate) -> dict[str, Any]:
    said = f"perplexity is per token, and its tokens are not those of {standing.entry.name}: the two do not compare"
    return _about(one) | {"outcome": "not compared", "refusals": [], "why": said}


def _passed_over(row: dict[str, Any], winner: str) -> dict[str, Any]:
    if row["outcome"] != "promoted":
        return row
    return row | {"outcome": "passed over", "why": f"{row['why']}; so does {winner}, which is better on validation"}


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
