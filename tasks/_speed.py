"""How fast a trained model answers: raw text in, answer out, on the test split. Measured, so never the same twice: `evaluate` writes it
to out/cost/evaluate/NAME.json, beside its deterministic scores (decision 8); the report, `promote` and `leaderboard` read it.
"""

import time
from collections import Counter
from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from malmoi.predictor import Predictor

LEAST, MOST = 1.0, 10.0  # seconds of measuring: a small split is answered again and again, a large one in part; and a batch more
FIRST = 8  # texts that are answered before
BATCH = {"classify": 256, "language_model": 64}  # texts that are answered together; those of a language model are one stream


def measure(bundle: Path, texts: Sequence[str]) -> dict[str, Any]:
    """Texts, words (between white space), tokens and characters a second, from raw text to answer, nothing remembered from before.

    A few texts are answered before the clock runs, so that what starts only once (a JVM, the reading of vectors) is start_seconds and not
    speed. texts and tokens: how many were answered. peak_mb: most MiB that the process held while it answered, TensorFlow, a JVM and what
    it held before included; None where the kernel does not say.
    """
    from malmoi.predictor import Predictor
    from tasks import _memory

    apart = _memory.forget_peak()
    began = time.perf_counter()
    predictor = Predictor.load(bundle)
    size = BATCH[predictor.problem]
    batches = [texts[start : start + size] for start in range(0, len(texts), size)]
    _answer(predictor, batches[0][:FIRST])
    start, processor = time.perf_counter(), time.process_time()
    done, taken = Counter[str](), 0.0
    for place, batch in enumerate(cycle(batches), 1):
        done += _answer(predictor, batch)
        taken = time.perf_counter() - start
        if taken > MOST or (taken > LEAST and place >= len(batches)):
            break
    rates = {f"{unit}_per_second": round(count / taken, 1) for unit, count in done.items()}
    times = {"seconds": taken, "cpu_seconds": time.process_time() - processor, "start_seconds": start - began}
    counts = {"texts": done["texts"], "tokens": done["tokens"], "peak_mb": _memory.own_peak_mb() if apart else None}
    return {**rates, **counts, **{name: round(value, 3) for name, value in times.items()}}


def _answer(predictor: "Predictor", texts: Sequence[str]) -> Counter[str]:
    """Answer texts; how much of everything they have."""
    if predictor.problem == "language_model":
        tokens = int(predictor.score(texts).units["tokens"].sum())
    else:
        documents = predictor.cut(texts)
        predictor.classify_tokens(documents)
        tokens = sum(map(len, documents))
    return Counter(texts=len(texts), words=sum(len(text.split()) for text in texts), tokens=tokens, characters=sum(map(len, texts)))
