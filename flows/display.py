"""What a person sees while stages run: a line for each, and on a terminal live lines under it with the last words of those that run."""

import sys
import threading
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from flows.stages import Node, Outcome, Result

if TYPE_CHECKING:
    from rich.text import Text

EVERY = 10.0  # seconds between two progress lines of one stage where there is no terminal
LONGEST = 140  # characters of what a stage says in one of these
WORDS = {
    Outcome.RAN: "done",
    Outcome.CACHED: "unchanged",
    Outcome.RESTORED: "restored from the cache",
    Outcome.FAILED: "FAILED",
    Outcome.SKIPPED: "skipped",
}


def duration(seconds: float) -> str:
    """Seconds as a person says them.

    >>> duration(8.4), duration(75)
    ('8 s', '1 min 15 s')
    """
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"


def outlook(seconds: float) -> str:
    """What an estimate of the seconds that are left says, also when it is used up.

    >>> outlook(75), outlook(0)
    ('about 1 min 15 s left', 'longer than expected')
    """
    return f"about {duration(seconds)} left" if seconds >= 1 else "longer than expected"


def ending(result: Result) -> str:
    """The end of a stage's line: what became of it, and its time where it did something."""
    if result.outcome in (Outcome.CACHED, Outcome.SKIPPED):
        return WORDS[result.outcome]
    return f"{WORDS[result.outcome]}  {result.seconds:.1f} s"


class Display(Protocol):
    """What the runner tells: a stage starts (seconds left for all), says something (in the stage's thread), ends."""

    def start(self, node: Node, left: float) -> None:
        """A stage is looked at."""

    def say(self, name: str, line: str) -> None:
        """A line of its output."""

    def end(self, result: Result) -> None:
        """It is over."""

    def close(self) -> None:
        """Nothing more comes."""


@dataclass
class _Shown:
    """A stage that runs: its place as "[3/28]", when it began, when it was last heard of, seconds left for all when it began."""

    place: str
    left: float
    began: float = field(default_factory=lambda: time.monotonic())
    said: float = field(default_factory=lambda: time.monotonic())
    line: str = ""

    def rest(self) -> float:
        """Seconds left for all, now."""
        return max(self.left - (time.monotonic() - self.began), 0.0)

    def time(self) -> str:
        """How long it has been running."""
        return duration(time.monotonic() - self.began)


class Plain:
    """For a pipe or a log: whole lines only, and never many of them."""

    def __init__(self, total: int) -> None:
        self._total, self._started = total, 0
        self._running: dict[str, _Shown] = {}
        self._lock = threading.Lock()

    def start(self, node: Node, left: float) -> None:
        """Remember it; a line comes when the stage turns out to do something."""
        with self._lock:
            self._started += 1
            self._running[node.name] = _Shown(f"[{self._started}/{self._total}]", left)

    def say(self, name: str, line: str) -> None:
        """One line of progress now and then; where several run, it says whose."""
        with self._lock:
            shown, now = self._running[name], time.monotonic()
            if not shown.line:
                _print(f"{shown.place} {name} ...")
            shown.line = line.strip() or shown.line or " "
            if line.strip() and now - shown.said >= EVERY:
                shown.said = now
                whose = f"{name}: " if len(self._running) > 1 else ""
                _print(f"        {_shorten(whose + shown.line)}  ({shown.time()}, {outlook(shown.rest())})")

    def end(self, result: Result) -> None:
        """The stage's line."""
        with self._lock:
            shown = self._running.pop(result.name, None)
            _print(f"{shown.place if shown else ' ' * 4} {result.name}  {ending(result)}")

    def close(self) -> None:
        """Nothing to do."""


class Live:
    """For a terminal: finished stages scroll up, the running ones stay at the bottom with their time and last line."""

    def __init__(self, total: int) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._total, self._started = total, 0
        self._console = Console(highlight=False)
        self._running: dict[str, _Shown] = {}
        self._live = RichLive(console=self._console, refresh_per_second=4, transient=True, get_renderable=self._render)
        self._live.start()

    def start(self, node: Node, left: float) -> None:
        """Show it as a running one."""
        self._started += 1
        self._running[node.name] = _Shown(f"[{self._started}/{self._total}]", left)

    def say(self, name: str, line: str) -> None:
        """Show it as its last line."""
        self._running[name].line = line.strip() or self._running[name].line

    def end(self, result: Result) -> None:
        """Leave the stage's line on the screen."""
        shown = self._running.pop(result.name, None)
        style = {Outcome.RAN: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}.get(result.outcome, "dim")
        self._console.print(f"{shown.place if shown else ' ' * 4} {result.name}  {ending(result)}", style=style, markup=False)

    def close(self) -> None:
        """Take the live lines away."""
        self._live.stop()

    def _render(self) -> "Text":
        from rich.text import Text

        text = Text(no_wrap=True, overflow="ellipsis")
        running = dict(self._running)
        for name, shown in running.items():
            text.append(f"{shown.place} {name}  {shown.time()}\n", style="bold")
            text.append(f"        {shown.line}\n", style="dim")
        if running:
            text.append(f"all of it: {outlook(min(shown.rest() for shown in running.values()))}", style="dim")
        return text


def _shorten(line: str) -> str:
    """A line that is too long, up to where it says so."""
    return line if len(line) <= LONGEST else f"{line[: LONGEST - 1]}…"


def _print(line: str) -> None:
    print(line, flush=True)


def choose(total: int) -> Display:
    """The display that fits where standard output goes, for so many stages."""
    return Live(total) if sys.stdout.isatty() else Plain(total)
