"""`python -m tasks STAGE ...`: finds the stage's file, reads its arguments, runs it, and turns a user's mistake into a clear error."""

import argparse
import ast
import signal
import sys
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from malmoi.config import ConfigError
from tasks.runtime import output

HERE = Path(__file__).parent


def names() -> list[str]:
    """Stages and tools there are, sorted: the files of this folder."""
    return sorted(file.stem for file in HERE.glob("*.py") if not file.name.startswith("_"))


def summary(name: str) -> str:
    """First line of a stage's docstring, read without importing the stage."""
    docstring = ast.get_docstring(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))) or ""
    return docstring.split("\n")[0]


def main(arguments: list[str] | None = None) -> int:
    """Run one stage. Returns the exit status: 0 well, 1 a user's mistake (said on stderr, without a traceback), 130 interrupted, 141 well
    but not read to its end.
    """
    return output.run(partial(_main, sys.argv[1:] if arguments is None else arguments))


def _main(given: list[str]) -> int:
    if not given or given[0] in ("-h", "--help"):
        print("usage: python -m tasks STAGE [options]; python -m tasks STAGE --help says more\n")
        print("\n".join(f"  {name:<10} {summary(name)}" for name in names()))
        return 0
    if given[0] not in names():
        print(f"error: no stage is called {given[0]!r}; there are: {', '.join(names())}", file=sys.stderr)
        return 1
    stage = import_module(f"tasks.{given[0]}")
    parser = argparse.ArgumentParser(
        f"python -m tasks {given[0]}", description=stage.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    stage.add_arguments(parser)
    options = vars(parser.parse_args(given[1:]))
    with output.when_unread(output.stop_when_unread) if getattr(stage, "ONLY_PRINTS", False) else nullcontext():
        return _run(stage.run, options)


def _run(run: Callable[..., None], options: dict[str, Any]) -> int:
    signal.signal(signal.SIGTERM, _end)  # so that `finally` runs: temporary files go, a tracked run ends as failed
    try:
        run(**options)
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except OSError as error:  # no right to read, no room on the disk, a name that is too long
        print(f"error: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130
    return 0


def _end(*_: object) -> None:
    raise SystemExit(143)


if __name__ == "__main__":
    sys.exit(main())
