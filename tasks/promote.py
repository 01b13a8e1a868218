"""Decide who is champion of each problem and corpus: by what challengers show against the one who stands; the first, by validation.

The standing champion comes from champions/ (decision 16). Where today's training of it is another, the champion's own bundles are scored
on today's test split first, so that two versions of the data are never compared. `python -m tasks accept` makes a decision effective.
"""

import argparse
import json
import shutil
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tasks import _champions, _defence, _evidence, _results

if TYPE_CHECKING:
    from malmoi.challenge import Board
    from malmoi.leaderboard import Entry
    from malmoi.promotion import Rules


RULES = Path("params/promote.yaml")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Folders to read and the folder to write."""
    parser.add_argument("--compare", type=Path, required=True, help="folder that `compare` wrote")
    parser.add_argument("--evaluate", type=Path, required=True, help="folder of all evaluated experiments")
    parser.add_argument("--train", type=Path, required=True, help="folder of all trained experiments: where the champion's bundle is")
    parser.add_argument("--out", type=Path, required=True, help="folder to write")
    parser.add_argument("--ingest", type=Path, required=True, help="folder of all corpora that `ingest` made")
    parser.add_argument("--profile", type=Path, required=True, help="folder of their profiles, with what their contracts say")
    parser.add_argument("--cost", type=Path, required=True, help="folder of measured costs")
    parser.add_argument("--champions", type=Path, required=True, help="folder of those who stand")
    parser.add_argument("--rules", type=Path, required=True, help="params/promote.yaml")
    parser.add_argument("--behaviour", type=Path, help="params/behaviour.yaml, for champions that are scored again; default: without")


def run(
    compare: Path,
    evaluate: Path,
    train: Path,
    out: Path,
    *,
    ingest: Path | None = None,
    profile: Path | None = None,
    cost: Path | None = None,
    champions: Path | None = None,
    rules: Path | None = None,
    behaviour: Path | None = None,
) -> None:
    """Write decisions.json, {"classify-bills": {"outcome", "champion", "seed", "bundle", "model" (its registered name), "why", ...}}, and
    of each decision MODEL.md for people; standing/MODEL/ holds what a champion that was scored again has answered.

    Only experiments on the leaderboard that `compare` wrote can become champion. Without `ingest`, `profile` and `cost` nothing is known of
    what they hold, without `champions` nobody stands, without `rules` nothing is asked.
    """
    from malmoi.leaderboard import model_name
    from malmoi.promotion_words import page

    ranked = _results.load(compare / "leaderboard.json")
    names = [row["experiment"] for rows in ranked.values() for row in rows]
    places = _evidence.Places(evaluate, train, ingest, profile, cost)
    boards = _results.boards(evaluate, names)
    asked = {board: _rules(rules, model_name(board), boards) for board in boards}  # before anything slow
    events = _champions.read(champions) if champions else {}
    shutil.rmtree(out, ignore_errors=True)
    decisions = {}
    for board, entries in boards.items():
        name = model_name(board)
        case = _defence.Case(name, places, events.get(name, []), out / "standing" / name, champions, behaviour)
        decisions[name] = _decide(case, entries, asked[board])
        (out / f"{name}.md").parent.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.md").write_text(page(decisions[name]), encoding="utf-8")
        print(f"{name}: {decisions[name]['outcome']}. {decisions[name]['why']}", flush=True)
    _results.save(out / "decisions.json", decisions)


def _rules(path: Path | None, name: str, boards: "dict[str, list[Entry]]") -> "Rules":
    """The rules of a board. Boards that there may be: those here, and each problem on each corpus of params/experiments/."""
    from malmoi.leaderboard import model_name
    from malmoi.promotion import Rules, rules

    if path is None:
        return Rules()
    return rules(path, name, _possible(path) | {model_name(board) for board in boards})


def check_rules(path: Path) -> None:
    """Raise ConfigError where the rules cannot be right for any board; nothing where there is no such file."""
    from malmoi.promotion import rules

    known = _possible(path)
    if path.is_file() and known:
        rules(path, min(known), known)


def _possible(path: Path) -> set[str]:
    """Boards that there may be: each problem on each corpus of the folder `experiments` beside the rules."""
    from malmoi.leaderboard import model_name
    from malmoi.objectives import OBJECTIVES

    corpora = [file.stem for file in (path.parent / "experiments").glob("*.yaml")]
    return {model_name(f"{problem}/{corpus}") for problem in OBJECTIVES for corpus in corpora}


def _decide(case: "_defence.Case", entries: "list[Entry]", rules: "Rules") -> dict[str, Any]:
    """The decision of one board."""
    from malmoi.promotion import plain

    corpus, examples = entries[0].metrics["corpus"], len(entries[0].outcomes.ids)
    rests = _evidence.digest([entry.name for entry in entries], corpus, case.places) + json.dumps(plain(rules), sort_keys=True)
    decided = sha256(rests.encode()).hexdigest()
    board = _board(case, corpus, examples, rules, decided)
    found = _defence.decide(case.at(decided), entries, board)
    card = case.places.card(corpus)
    data = {"examples": examples, "sha256": card["splits"]["test"].get("sha256") if card else None, "left_out": found.pop("left_out", 0)}
    about = {"model": case.name, "rules": plain(rules), "checks": board.checks, "held": board.held, "data": data}
    return found | about | {"decided": decided, "history": len(case.at(decided).events)}


def _board(case: "_defence.Case", corpus: str, examples: int, rules: "Rules", decided: str) -> "Board":
    from malmoi.challenge import Board

    standing = case.at(decided).standing
    return Board(rules, _evidence.checks(rules.checks, corpus, case.places, examples), standing.held if standing else "")
