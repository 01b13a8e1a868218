"""How fast a trained model answers, one text and 64 at a time, in the process and over MLflow's HTTP server: `make bench-serve`.

    python tests/benchmarks/serve.py [--model bills-gru] [--texts FILE] [--requests N] [--only process,http]

p50, p95 and p99 in milliseconds, texts a second, and processor time, which says more on a busy machine; below them where the time goes.
Texts that were answered before are not asked again, since Okt remembers words. The load of the machine is said before and after: figures
of a busy machine are those of a busy machine.
"""

import argparse
import http.client
import json
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]
TARGET_MS, TARGET_RATE = 50.0, 300.0  # one review, p95; reviews a second in batches of 64
BATCH = 64


def main() -> int:
    """Save the model as MLflow serves it, ask it, print a table."""
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the server ends with it
    from malmoi.config import ConfigError
    from tasks import generate

    try:
        bundle = generate.find(options.model, ROOT / "out/train", ROOT / "out/evaluate")
        texts = iter(_texts(options.texts))
    except ConfigError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{bundle.parent.name}, {bundle.name}; load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)
    with tempfile.TemporaryDirectory(prefix="malmoi-serve-") as name:
        model = _saved(bundle, Path(name) / "model")
        if "process" in options.only:
            _in_process(model, texts, options.requests)
        if "http" in options.only:
            _over_http(model, Path(name), texts, options.requests)
    print(f"load of the machine at the end {os.getloadavg()[0]:.1f}", flush=True)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--model", default="bills-gru", help="a trained classifier, or a bundle (bills-gru: a GRU on Okt's morphemes)")
    parser.add_argument("--texts", type=Path, default=ROOT / "data/nsmc/ratings_test.txt", help="a text a line, or NSMC's ratings_test.txt")
    parser.add_argument("--requests", type=int, default=300, help="of one text; a fifth of it of 64 (300)")
    parser.add_argument("--only", type=lambda given: given.split(","), default=["process", "http"], help="of process, http")
    return parser.parse_args()


def _texts(file: Path) -> list[str]:
    """Texts of a file, each once. Raises ConfigError where it is not there."""
    from malmoi.config import ConfigError

    if not file.is_file():
        raise ConfigError(f"{file}: no such file; python -m tasks fetch nsmc brings NSMC, or name a file with a text a line: --texts FILE")
    lines = file.read_text(encoding="utf-8").splitlines()
    if lines and lines[0].split("\t") == ["id", "document", "label"]:
        lines = [line.split("\t")[1] for line in lines[1:]]
    return list(dict.fromkeys(lines))


def _saved(bundle: Path, folder: Path) -> Path:
    import mlflow.pyfunc

    from tasks import _registry

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlflow.pyfunc.save_model(
            str(folder),
            python_model=str(ROOT / "tasks/_served.py"),
            artifacts={"bundle": str(bundle)},
            code_paths=[str(ROOT / "malmoi")],
            input_example=(_registry.EXAMPLES["ko"], _registry.OPTIONS["classify"]),
            pip_requirements=["mlflow"],
        )
    return folder


def _in_process(model: Path, texts: Iterator[str], requests: int) -> None:
    import mlflow.pyfunc

    began = time.perf_counter()
    served = mlflow.pyfunc.load_model(str(model))
    print(f"loaded and warm after {time.perf_counter() - began:.1f} s", flush=True)
    _measure("in the process", served.predict, texts, requests)
    _parts(served.unwrap_python_model().predictor, texts)


def _parts(predictor: Any, texts: Iterator[str]) -> None:
    """Where the time of one text goes."""
    spent = {"tokenizer": 0.0, "features": 0.0, "model": 0.0}
    count = 200
    for _ in range(count):
        value: Any = [next(texts)]
        for name, step in (
            ("tokenizer", predictor._tokenize),
            ("features", predictor.feature.transform),
            ("model", predictor.model.predict),
        ):
            began = time.perf_counter()
            value = step(value)
            spent[name] += time.perf_counter() - began
    print("    of one text: " + ", ".join(f"{name} {seconds / count * 1000:.1f} ms" for name, seconds in spent.items()), flush=True)


def _over_http(model: Path, folder: Path, texts: Iterator[str], requests: int) -> None:
    from ports import free_port
    from serving import served

    port = free_port()
    with served(Path(sys.executable), str(model), folder, port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)

        def ask(batch: list[str]) -> None:
            connection.request("POST", "/invocations", json.dumps({"inputs": batch}).encode(), {"Content-Type": "application/json"})
            reply = connection.getresponse()
            found = json.loads(reply.read())
            if reply.status != http.client.OK or len(found["predictions"]) != len(batch):
                raise RuntimeError(f"HTTP {reply.status}: {found}")

        _measure("over HTTP", ask, texts, requests)


def _measure(where: str, ask: Callable[[list[str]], Any], texts: Iterator[str], requests: int) -> None:
    import numpy as np

    for size, times in ((1, requests), (BATCH, max(1, requests // 5))):
        spent, worked = [], _processor_seconds()
        for _ in range(times):
            batch = [next(texts) for _ in range(size)]
            began = time.perf_counter()
            ask(batch)
            spent.append((time.perf_counter() - began) * 1000)
        low, high, worst = np.percentile(spent, [50, 95, 99])
        rate, each = size * times / sum(spent) * 1000, (_processor_seconds() - worked) / (size * times) * 1000
        said = f"target p95 {TARGET_MS:.0f} ms" if size == 1 else f"target {TARGET_RATE:.0f}/s"
        met = high < TARGET_MS if size == 1 else rate >= TARGET_RATE
        counts = f"p50 {low:7.1f}  p95 {high:7.1f}  p99 {worst:7.1f} ms  {rate:6.0f} texts/s  {each:6.2f} ms of processor time a text"
        print(f"{where:<15} {size:>2} at a time  {counts}  {said}: {'met' if met else 'missed'}", flush=True)


def _processor_seconds() -> float:
    """Of this process and those below it, Java and the server among them."""
    import psutil

    here = psutil.Process()
    times = [process.cpu_times() for process in (here, *here.children(recursive=True))]
    return sum(one.user + one.system for one in times)


if __name__ == "__main__":
    sys.exit(main())
