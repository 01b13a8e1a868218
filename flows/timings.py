"""How long stages took last time, and from that how long a run still takes."""

import json
from collections.abc import Iterable
from pathlib import Path
from statistics import fmean

from flows.stages import Node, Outcome, Result
from tasks.runtime.files import PRIVATE, private_folder, write_whole

GUESS = {"ingest": 3.0, "tokens": 6.0, "features": 5.0, "train": 15.0, "evaluate": 5.0, "compare": 3.0, "promote": 2.0, "report": 5.0}
UNKNOWN = 5.0


class Timings:
    """Seconds per stage, kept in .malmoi/timings.json from run to run.

    A file that cannot be read counts as empty: only estimates hang on it.
    """

    def __init__(self, root: Path) -> None:
        self._path = root / PRIVATE / "timings.json"
        self._known: dict[str, float] = {}
        self._now: dict[str, list[float]] = {}  # seconds of this run, by kind
        try:
            loaded = json.loads(self._path.read_text(encoding="utf-8"))
            self._known = {str(name): float(seconds) for name, seconds in loaded.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            self._known = {}

    def add(self, node: Node, result: Result) -> None:
        """Remember a stage that ran; others say nothing about the next time."""
        if result.outcome is not Outcome.RAN:
            return
        self._known[node.name] = round(result.seconds, 2)
        self._now.setdefault(node.kind, []).append(result.seconds)
        private_folder(self._path.parent.parent)
        write_whole(self._path, json.dumps(self._known, indent=1, sort_keys=True))

    def expected(self, node: Node) -> float:
        """Seconds that a stage should take: as last time, else as others of its kind took in this run, else a guess by kind."""
        if node.name in self._known:
            return self._known[node.name]
        same = self._now.get(node.kind)
        return fmean(same) if same else GUESS.get(node.kind, UNKNOWN)

    def left(self, nodes: Iterable[Node]) -> float:
        """Seconds that `nodes` should take, one after another."""
        return sum(self.expected(node) for node in nodes)
