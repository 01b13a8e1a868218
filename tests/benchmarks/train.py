"""How fast networks train, as ratios to stock Keras and PyTorch in the same minutes: `make bench-train`.

    python tests/benchmarks/train.py [--only lm650,lm200,bigru] [--contenders ...] [--turns N] [--threads N] [--torch PYTHON]
                                     [--words FILE] [--reviews FILE]

lm650, lm200: a language model, two LSTM layers, 10,000 words, 20 streams of 35 steps, state carried. bigru: a bidirectional GRU of 128 over
2,500 syllables, batches of 128 reviews of similar length. Adam, whole gradient clipped, everywhere; no dropout.

stock: Keras's own layers, loss and optimizer in one tf.function, which is what `model.fit` compiles, without its loop around it.
ours, ours-auto: the step of `python -m tasks train`, in float32 and with `precision: auto`. torch, torch-bf16: nn.LSTM and nn.GRU (packed
sequences), fused Adam, in float32 and under bfloat16 autocast, by another interpreter (--torch), since PyTorch is no part of this project.

Each contender is a process of its own that waits for its turn; in a turn it trains on the same twelve batches, from the same weights on.
Reported: the best tenth of step times (for reviews, whose batches differ in length, the best time of each batch), processor time of all
steps, tokens a second, and the loss on other batches after as many updates. No test: nothing here fails for being slow.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
sys.path.insert(0, str(ROOT))
CONTENDERS = ("stock", "ours", "ours-auto", "torch", "torch-bf16")
WORDS, REVIEWS = ROOT / "data/wikitext2/train.txt", ROOT / "data/nsmc/ratings_train.txt"


def main() -> int:
    """Print a table for each task."""
    options = _options()
    if not _has_torch(options.torch):
        print(f"{options.torch} has no PyTorch: left out; name a Python that has it with --torch", flush=True)
        options.contenders = [name for name in options.contenders if not name.startswith("torch")]
    for name in options.only:
        with tempfile.TemporaryDirectory() as folder:
            compare(name, Path(folder), options)
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    tasks = ("lm650", "lm200", "bigru")
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(tasks), help=f"of {', '.join(tasks)}")
    parser.add_argument("--contenders", type=lambda text: text.split(","), default=list(CONTENDERS), help=f"of {', '.join(CONTENDERS)}")
    parser.add_argument("--turns", type=int, default=5, help="turns of twelve steps that each takes (5)")
    parser.add_argument("--threads", type=int, default=0, help="of each contender; 0 for what its library takes (0)")
    parser.add_argument("--torch", default=sys.executable, help="a Python that has PyTorch (this one)")
    parser.add_argument("--words", type=Path, default=WORDS, help="text with spaces between words, as WikiText-2's train.txt")
    parser.add_argument("--reviews", type=Path, default=REVIEWS, help="NSMC's ratings_train.txt")
    return parser.parse_args()


def _has_torch(python: str) -> bool:
    return subprocess.run([python, "-c", "import torch"], capture_output=True, check=False).returncode == 0


def compare(name: str, folder: Path, options: argparse.Namespace) -> None:
    """Train `name` by all contenders in turns, and print what came out."""
    import training_tasks

    files = [path if path.is_file() else None for path in (options.words, options.reviews)]
    batches = training_tasks.write(folder, name, *files)
    tokens = sum(np.count_nonzero(ids) if name == "bigru" else ids.size for ids, _ in batches)
    where = "made-up text" if files[name == "bigru"] is None else str(files[name == "bigru"])
    print(f"{name}: {len(batches)} batches, {tokens:,} tokens of {where}", flush=True)
    running = {contender: _start(contender, folder, options) for contender in options.contenders}
    turns: dict[str, list[Any]] = {contender: [] for contender in running}
    for turn in range(options.turns):
        for contender, process in list(running.items())[:: 1 if turn % 2 else -1]:
            turns[contender].append(_ask(process, "turn"))
    results = {}
    for contender, process in running.items():
        results[contender] = _result(turns[contender], name == "bigru", tokens) | _ask(process, "loss")
        process.communicate()
    _print(results)


def _start(contender: str, folder: Path, options: argparse.Namespace) -> Any:
    torch = contender.startswith("torch")
    command = [options.torch if torch else sys.executable, str(HERE / f"training_{'torch' if torch else 'keras'}.py")]
    command += [contender, str(folder), str(options.threads)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    json.loads(process.stdout.readline())  # type: ignore[union-attr]  # it has trained once on all
    return process


def _ask(process: Any, line: str) -> Any:
    process.stdin.write(f"{line}\n")
    process.stdin.flush()
    return json.loads(process.stdout.readline())


def _result(turns: list[Any], different: bool, tokens: int) -> dict[str, float]:
    """best, processor: milliseconds a step; rate: tokens a second."""
    seconds = np.array([turn["seconds"] for turn in turns])  # (turns, batches)
    steps = seconds.shape[1]
    best = seconds.min(0).mean() if different else np.sort(seconds.ravel())[: max(1, seconds.size // 10)].mean()
    processor = np.mean([turn["processor"] for turn in turns]) / steps
    return {"best": 1e3 * best, "processor": 1e3 * processor, "rate": tokens / steps / best}


def _print(results: dict[str, dict[str, float]]) -> None:
    first = next(iter(results.values()))
    print("| contender | ms/step, best | processor, ms/step | tokens/s | speed | for the same processor time | loss |")
    print("|---|---|---|---|---|---|---|")
    for contender, one in results.items():
        ratios = f"{first['best'] / one['best']:.2f} | {first['processor'] / one['processor']:.2f}"
        print(
            f"| {contender} | {one['best']:.1f} | {one['processor']:.1f} | {one['rate']:,.0f} | {ratios} | {one['loss']:.4f} |", flush=True
        )


if __name__ == "__main__":
    sys.exit(main())
