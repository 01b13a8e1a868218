"""Go back to an earlier champion: `python -m tasks rollback MODEL --to VERSION`. It is written into champions/, and MLflow is told at once.

The champion stays until it is released (`python -m tasks accept MODEL --release`): neither `record` nor new evidence moves it before.
"""

import argparse
from pathlib import Path

from tasks import _champions


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Command line."""
    parser.add_argument("model", metavar="MODEL", help="board, which is the registered model's name, as classify-bills")
    parser.add_argument("--to", type=int, metavar="VERSION", help="version in MLflow's registry; default: who was champion before")
    parser.add_argument("--reason", default="", help="why; it is written down")
    parser.add_argument("--out", type=Path, default=Path("out"), help="folder of all outputs (default: out)")
    parser.add_argument("--champions", type=Path, default=_champions.FOLDER, help="folder of those who stand (default: champions)")


def run(model: str, to: int | None = None, reason: str = "", out: Path = Path("out"), champions: Path = _champions.FOLDER) -> None:
    """Write the event and point the alias. Raises ConfigError for a version that is not there or stands already.

    A server that cannot be reached is a warning: `python -m tasks record` makes up for it.
    """
    from tasks import _aliases, _earlier

    with _champions.alone(champions, f"rolls {model} back"):
        events = _champions.read(champions).get(model, [])
        event = _earlier.champion(model, events) if to is None else _earlier.version(model, to, (out, champions), events)
        _champions.out_of(champions, model, event)
        event = _earlier.again(event, reason.strip() or (f"from {events[-1].experiment}" if events else "by hand"))
        _champions.add(champions, model, event)
    print(f"{model}: {event.experiment}, seed {event.seed}, is champion again, and stays until it is released", flush=True)
    _aliases.tell(out)
