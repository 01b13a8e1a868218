"""What a person sees while stages run: a line per stage, and on a terminal a live line under it with the stage's own last words."""

import sys
import time
from typing import TYPE_CHECKING, Protocol

from flows.graph import Outcome, Result

if TYPE_CHECKING:
    from rich.text import Text

EVERY = 10.0  # seconds between two progress lines of one stage where there is no terminal
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


def ending(result: Result) -> str:
    """The end of a stage's line: what became of it, and its time where it did something."""
    if result.outcome in (Outcome.CACHED, Outcome.SKIPPED):
        return WORDS[result.outcome]
    return f"{WORDS[result.outcome]}  {result.seconds:.1f} s"


class Display(Protocol):
    """What the runner tells: a stage starts (its place as "[3/28]", its name, seconds left for all), says something, ends."""

    def start(self, place: str, name: str, left: float) -> None:
        """A stage is looked at."""

    def say(self, line: str) -> None:
        """A line of the stage's output."""

    def end(self, result: Result) -> None:
        """The stage is over."""

    def close(self) -> None:
        """Nothing more comes."""


class Plain:
    """For a pipe or a log: whole lines only, and never many of them."""

    def __init__(self) -> None:
        self._place = self._name = ""
        self._left = self._began = self._said = 0.0
        self._announced = False

    def start(self, place: str, name: str, left: float) -> None:
        """Remember it; a line comes when the stage turns out to do something."""
        self._place, self._name, self._left, self._announced = place, name, left, False
        self._began = self._said = time.monotonic()

    def say(self, line: str) -> None:
        """One line of progress now and then."""
        if not self._announced:
            self._announced = True
            _print(f"{self._place} {self._name} ...")
        if line.strip() and time.monotonic() - self._said >= EVERY:
            self._said = time.monotonic()
            rest = max(self._left - (self._said - self._began), 0.0)
            _print(f"        {line.strip()[:100]}  ({duration(self._said - self._began)}, about {duration(rest)} left)")

    def end(self, result: Result) -> None:
        """The stage's line."""
        _print(f"{self._place} {self._name}  {ending(result)}")

    def close(self) -> None:
        """Nothing to do."""


class Live:
    """For a terminal: finished stages scroll up, the running one stays at the bottom with its time and its last line."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live as RichLive

        self._console = Console(highlight=False)
        self._place = self._name = self._line = ""
        self._left = self._began = 0.0
        self._live = RichLive(console=self._console, refresh_per_second=4, transient=True, get_renderable=self._render)
        self._live.start()

    def start(self, place: str, name: str, left: float) -> None:
        """Show it as the running one."""
        self._place, self._name, self._left, self._line = place, name, left, ""
        self._began = time.monotonic()

    def say(self, line: str) -> None:
        """Show it as the last line."""
        self._line = line.strip() or self._line

    def end(self, result: Result) -> None:
        """Leave the stage's line on the screen."""
        style = {Outcome.RAN: "green", Outcome.FAILED: "bold red", Outcome.SKIPPED: "yellow"}.get(result.outcome, "dim")
        self._console.print(f"{self._place} {self._name}  {ending(result)}", style=style, markup=False)
        self._name = ""

    def close(self) -> None:
        """Take the live line away."""
        self._live.stop()

    def _render(self) -> "Text":
        from rich.text import Text

        if not self._name:
            return Text("")
        elapsed = time.monotonic() - self._began
        head = f"{self._place} {self._name}  {duration(elapsed)}, about {duration(max(self._left - elapsed, 0.0))} left for all"
        text = Text(head, style="bold", no_wrap=True, overflow="ellipsis")
        return text.append(f"\n        {self._line}", style="dim") if self._line else text


def _print(line: str) -> None:
    print(line, flush=True)


def choose() -> Display:
    """The display that fits where standard output goes."""
    return Live() if sys.stdout.isatty() else Plain()
