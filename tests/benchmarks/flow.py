"""How long runs of the graph take, as ratios to `dvc repro` in the same minutes: `make bench-flow`.

    python tests/benchmarks/flow.py [--only sleep,trivial,nothing,plan,prefect,kills] [--turns N]

Generated DVC projects in a temporary folder; `dvc repro` and `flows.local` take turns, each from the same state. After every turn dvc.lock
is compared with the serial one's; another byte ends it with status 1. `prefect` starts a server; `kills` does not measure time but counts
what 200 kills at random moments lose or leave behind. No test: nothing here fails for being slow.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/support")]
import kills  # noqa: E402 - it lies beside this file, and what it needs in the folders above

REPRO = ["-m", "dvc", "repro", "-q"]
LOCAL = ["-m", "flows.local"]


def main() -> int:
    """Print a line for each part."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--only", type=lambda text: text.split(","), default=list(PARTS), help=f"of {', '.join(PARTS)}")
    parser.add_argument("--turns", type=int, default=3, help="turns that each side takes (3)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        return max([PARTS[name](Path(folder) / name, options.turns) for name in options.only])


def sleep(folder: Path, turns: int) -> int:
    """Eight independent stages of ten seconds, two side by side."""
    project(folder, {f"s{number}": "sleep 10" for number in range(8)})
    return compare("8 stages of 10 s, --jobs 2", folder, ["--jobs", "2"], 1 if turns < 3 else turns // 3, fresh)


def trivial(folder: Path, turns: int) -> int:
    """A hundred stages that do nothing, from scratch."""
    project(folder, {f"s{number}": "true" for number in range(100)})
    return compare("100 stages of `true`", folder, [], turns, fresh)


def nothing(folder: Path, turns: int) -> int:
    """A hundred stages of which none has changed."""
    project(folder, {f"s{number}": "true" for number in range(100)})
    timed(folder, LOCAL)
    return compare("nothing to do with 100 stages", folder, [], turns, lambda folder: None)


def plan(folder: Path, turns: int) -> int:
    """A thousand stages: until the plan stands, and the whole run."""
    project(folder, {f"s{number}": "true" for number in range(1_000)})
    code = "import time, flows.graph as g; t = time.monotonic(); p = g.Pipeline().__enter__(); p.stale(); print(time.monotonic() - t)"
    seconds = float(
        subprocess.run([sys.executable, "-c", code], cwd=folder, env=environment(), capture_output=True, text=True, check=True).stdout
    )
    print(f"1,000 stages: planned in {seconds:.1f} s; run in {timed(folder, LOCAL):.1f} s", flush=True)
    return 0


def prefect(folder: Path, turns: int) -> int:
    """A hundred stages as a Prefect flow, under a server that runs: with nothing to do, and from scratch."""
    from prefect_server import Server

    home = folder.with_name("home")
    home.mkdir()
    project(folder, {f"s{number}": "true" for number in range(100)})
    server = Server(home)
    try:
        server.wait()
        flow = ["-m", "flows.pipeline"]
        made = min(timed(folder, flow, server.environment) for _ in range(turns) if not fresh(folder))
        idle = {name: min(timed(folder, command, server.environment) for _ in range(turns)) for name, command in
                (("repro", REPRO), ("local", LOCAL), ("flow", flow))}  # fmt: skip
    finally:
        server.end()
    print(f"nothing to do with 100 stages: dvc repro {idle['repro']:.2f} s, flows.local {idle['local']:.2f} s, "
          f"under Prefect {idle['flow']:.2f} s: {idle['flow'] - idle['local']:.2f} s more", flush=True)  # fmt: skip
    print(f"100 stages of `true` under Prefect: {made:.2f} s, of them {(made - idle['flow']) / 100:.3f} s a stage", flush=True)
    return 0


PARTS: dict[str, Callable[[Path, int], int]] = {
    "sleep": sleep,
    "trivial": trivial,
    "nothing": nothing,
    "plan": plan,
    "prefect": prefect,
    "kills": lambda folder, turns: kills.main(folder),
}


def compare(what: str, folder: Path, options: list[str], turns: int, prepare: Callable[[Path], None]) -> int:
    """Turns of both sides; the best of each, and whether dvc.lock was ever another."""
    taken: dict[str, list[float]] = {"repro": [], "local": []}
    locks = set()
    for _ in range(turns):
        for name, command in (("repro", REPRO), ("local", LOCAL + options)):
            prepare(folder)
            taken[name].append(timed(folder, command))
            locks.add((folder / "dvc.lock").read_bytes())
    best = {name: min(times) for name, times in taken.items()}
    ratio = best["repro"] / best["local"]
    print(
        f"{what}: dvc repro {best['repro']:.2f} s, flows.local {best['local']:.2f} s: {ratio:.2f}x; dvc.lock {len(locks)} kind(s)",
        flush=True,
    )
    return int(len(locks) != 1)


def project(folder: Path, commands: dict[str, str]) -> None:
    """A DVC project of independent stages, each of which makes one small file."""
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=folder, check=True, env=environment())
    (folder / "in.txt").write_text("text\n")
    stages = {name: {"cmd": f"{command} && echo {name} > {name}", "deps": ["in.txt"], "outs": [name]} for name, command in commands.items()}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))


def fresh(folder: Path) -> None:
    """As before the first run: no outputs, no lock, no cache."""
    for name in yaml.safe_load((folder / "dvc.yaml").read_text())["stages"]:
        (folder / name).unlink(missing_ok=True)
    for name in ("dvc.lock", ".gitignore"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / ".dvc" / "cache", ignore_errors=True)


def timed(folder: Path, command: list[str], more: dict[str, str] | None = None) -> float:
    """Seconds of a whole process, with more in its environment."""
    start = time.perf_counter()
    given = {**environment(), **{name: value for name, value in (more or {}).items() if name.startswith("PREFECT_")}}
    subprocess.run([sys.executable, *command], cwd=folder, env=given, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - start


def environment() -> dict[str, str]:
    """That of this process, with this project's code and no word to anybody."""
    return os.environ | {"PYTHONPATH": str(ROOT), "DVC_NO_ANALYTICS": "1", "SHELL": "/bin/sh"}


if __name__ == "__main__":
    sys.exit(main())
