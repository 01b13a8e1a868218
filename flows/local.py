"""`python -m flows.local`: run what has changed, one stage at a time, on this machine, with no engine: the everyday way.

The same as `dvc repro`, which may be used in its place at any time, with progress, an estimate of the time left, and a summary.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from flows.commands import Stop, Stopped, signals
from flows.display import Display, choose, duration
from flows.graph import Node, Outcome, Pipeline, Result
from flows.logs import log_path
from flows.timings import Timings


def arguments(way: str, description: str | None) -> argparse.ArgumentParser:
    """What every way to run the graph takes; `way` is the module's name."""
    parser = argparse.ArgumentParser(
        f"python -m flows.{way}", description=description, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="stages to bring up to date, with all they need (default: all)")
    parser.add_argument("--force", action="store_true", help="run stages although nothing has changed")
    parser.add_argument("--keep-going", action="store_true", help="after a failure, go on with what does not depend on it")
    return parser


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 all is up to date, 1 a stage failed or DVC refuses, 130 or 143 stopped by a signal."""
    from dvc.exceptions import DvcException

    options = arguments("local", __doc__).parse_args(given)
    stop = Stop()
    try:
        with signals(stop), Pipeline(options.targets, stop=stop) as pipeline:
            results = run(pipeline, choose(), force=options.force, keep_going=options.keep_going)
    except Stopped as stopped:
        print(f"{stopped}; what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 128 + stopped.signal
    except DvcException as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0 if all(result.good for result in results) else 1


def run(pipeline: Pipeline, display: Display, *, force: bool = False, keep_going: bool = False) -> list[Result]:
    """Run all stages of an open pipeline in order and print a summary. Returns a result per stage, in order."""
    timings, begin = Timings(pipeline.root), time.monotonic()
    due = {node.name for node in pipeline.nodes} if force else pipeline.stale()
    results: dict[str, Result] = {}
    try:
        for index, node in enumerate(pipeline.nodes):
            rest = [other for other in pipeline.nodes[index:] if other.name in due]
            display.start(f"[{index + 1}/{len(pipeline.nodes)}]", node.name, timings.left(rest))
            results[node.name] = _one(pipeline, node, results, display, force)
            timings.add(node, results[node.name])
            display.end(results[node.name])
            if not results[node.name].good and not keep_going:
                break
    finally:
        display.close()
    _summarise(pipeline.root, list(results.values()), len(pipeline.nodes), time.monotonic() - begin)
    return list(results.values())


def _one(pipeline: Pipeline, node: Node, results: dict[str, Result], display: Display, force: bool) -> Result:
    lost = [need for need in node.needs if need in results and not results[need].good]
    if lost:
        return Result(node.name, Outcome.SKIPPED, 0.0, f"it needs {', '.join(lost)}")
    return pipeline.run(node.name, display.say, force=force)


def _summarise(root: Path, results: list[Result], total: int, seconds: float) -> None:
    counts = Counter(result.outcome for result in results)
    words = {Outcome.RAN: "ran", Outcome.RESTORED: "restored", Outcome.CACHED: "unchanged", Outcome.FAILED: "FAILED"}
    said = [f"{counts[outcome]} {word}" for outcome, word in words.items() if counts[outcome]]
    missing = total - len(results) + counts[Outcome.SKIPPED]
    print(f"{total} stages: {', '.join(said)}{f', {missing} not run' if missing else ''}; {duration(seconds)}", flush=True)
    for result in results:
        if result.outcome is Outcome.FAILED:
            print(failure(root, result), file=sys.stderr, flush=True)


def failure(root: Path, result: Result) -> str:
    """What a person needs to know of a failed stage: why, its last lines, where the rest is, and how to go on."""
    log = log_path(root, result.name)
    shown = [f"\n{result.name} failed: {result.reason}", *(f"    {line}" for line in result.tail)]
    shown += [f"  all of its output: {log.relative_to(root)}"] if log.exists() else []
    return "\n".join([*shown, f"  when it is mended, go on with: python -m flows.local {result.name}   (or without a name: everything)"])


if __name__ == "__main__":
    sys.exit(main())
