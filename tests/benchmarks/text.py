"""How fast text becomes tokens and tokens become numbers, as ratios to what other libraries take in the same run: `make bench-text`.

    python tests/benchmarks/text.py [--only okt,komoran,hannanum,kkma,counts,tfidf,sequence] [--reviews FILE] [--limit N]

The other side and ours take turns, block by block, since a machine is never as fast as a minute ago. No test: nothing here fails for
being slow, but a sentence that is cut in another way than KoNLPy cuts it, or a number that differs, ends it with status 1.
"""

import argparse
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ENGINES = ("okt", "komoran", "hannanum", "kkma")
FEATURES = ("counts", "tfidf", "sequence")
REVIEWS = HERE.parents[1] / "data" / "nsmc" / "ratings_train.txt"


def main() -> int:
    """Each part in a process of its own: one Java machine each, and no memory of the last."""
    options = _options()
    if not options.reviews.is_file():
        print(f"{options.reviews}: no such file; python -m tasks fetch nsmc brings it, or name another with --reviews", file=sys.stderr)
        return 2
    status = 0
    for name in options.only:
        script, limit = ("engines.py", options.limit) if name in ENGINES else ("numbers_of_text.py", options.documents)
        command = [sys.executable, str(HERE / script), name, str(options.reviews), str(limit), str(options.blocks)]
        status = max(status, subprocess.run(command, check=False).returncode)
    return status


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", type=_names, default=[*ENGINES, *FEATURES], help=f"of {', '.join((*ENGINES, *FEATURES))}")
    parser.add_argument("--reviews", type=Path, default=REVIEWS, help="NSMC's ratings_train.txt, or any text with a review on each line")
    parser.add_argument("--limit", type=int, default=20_000, help="reviews for the analyzers (20000)")
    parser.add_argument("--documents", type=int, default=150_000, help="reviews for the rest (150000)")
    parser.add_argument("--blocks", type=int, default=10, help="turns that each side takes (10)")
    return parser.parse_args()


def _names(text: str) -> list[str]:
    names = text.split(",")
    if wrong := [name for name in names if name not in (*ENGINES, *FEATURES)]:
        raise argparse.ArgumentTypeError(f"{wrong[0]!r} is none of {', '.join((*ENGINES, *FEATURES))}")
    return names


if __name__ == "__main__":
    sys.exit(main())
