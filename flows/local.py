"""`python -m flows.local`: run what has changed, side by side, on this machine, with no engine: the everyday way.

It leaves what `dvc repro` leaves, which may be used in its place at any time, with progress, an estimate of the time left, and a summary.
"""

import sys
import time
from collections import Counter
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from flows import schedule
from flows.commands import Stop, Stopped, signals
from flows.display import choose, duration
from flows.graph import Pipeline
from flows.how import arguments, how, opened
from flows.logs import log_path
from flows.needs import NeedsError
from flows.stages import Node, Outcome, Result
from malmoi.config import ConfigError
from tasks.runtime import output


def main(given: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 all is up to date, 1 a stage failed or DVC refuses, 130 or 143 stopped by a signal."""
    from dvc.exceptions import DvcException

    options = arguments("local", __doc__).parse_args(given)
    stop = Stop()
    try:
        with signals(stop), opened(options.targets, how(options), stop) as pipeline:
            for line in pipeline.remarks:
                print(line, file=sys.stderr)
            results = run(pipeline, force=options.force, keep_going=options.keep_going)
    except Stopped as stopped:
        print(f"{stopped}; what was finished is kept, the next run goes on from there", file=sys.stderr)
        return 128 + stopped.signal
    except (ConfigError, DvcException, NeedsError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0 if all(result.good for result in results) else 1


def run(pipeline: Pipeline, *, force: bool = False, keep_going: bool = False) -> list[Result]:
    """Run all stages of an open pipeline and print a summary. Returns a result per stage, in order."""
    begin, shown = time.monotonic(), choose(len(pipeline.nodes))

    def work(node: Node, cores: int) -> Result:
        return pipeline.run(node.name, partial(shown.say, node.name), force=force, cores=cores)

    try:
        results = schedule.run(pipeline, work, shown, force=force, keep_going=keep_going)
    finally:
        shown.close()
    _summarise(pipeline.root, results, len(pipeline.nodes), time.monotonic() - begin)
    return results


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
    sys.exit(output.run(main))
