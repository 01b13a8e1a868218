"""Random DVC projects with all that DVC has: folders, metrics, foreach, matrix, a second dvc.yaml, an import, data that `dvc add` pins."""

import random
import subprocess
import sys
from pathlib import Path

import yaml

STAGES = 9


def make(folder: Path, seed: int, seconds: float = 0.05) -> None:
    """A project of some stages, each of which reads some outputs of earlier ones and takes up to so many seconds."""
    draw = random.Random(seed)
    folder.mkdir()
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "init", "-q"], cwd=folder, check=True)
    (folder / "params.yaml").write_text("level: 1\nother: 1\n")
    (folder / "data").mkdir()
    (folder / "data" / "a.txt").write_text(f"{seed}\n")
    subprocess.run([sys.executable, "-m", "dvc", "add", "-q", "data"], cwd=folder, check=True)
    (folder / "seed").mkdir()
    (folder / "seed" / "b.txt").write_text("imported\n")
    subprocess.run([sys.executable, "-m", "dvc", "import-url", "-q", "seed", "imported"], cwd=folder, check=True)
    subprocess.run([sys.executable, "-m", "dvc", "unfreeze", "-q", "imported.dvc"], cwd=folder, check=True)
    made, stages = ["data", "imported"], dict[str, object]()
    for number in range(STAGES):
        name, deps = f"s{number}", draw.sample(made, draw.randint(1, min(3, len(made)))) if number else list(made)
        stages[name] = _stage(draw, name, deps, draw.uniform(0, seconds))
        made.append(f"out/{name}")
    stages["each"] = {"foreach": ["x", "y"], "do": _stage(draw, "each-${item}", [draw.choice(made)], seconds)}
    cell = "out/grid-${item.m}-${item.n}"
    grid = {"cmd": f"mkdir -p {cell} && cat out/s2/* > {cell}/f && echo ${{item.n}} >> {cell}/f", "deps": ["out/s2"], "outs": [cell]}
    stages["grid"] = {"matrix": {"m": ["p", "q"], "n": [1, 2]}, **grid}
    (folder / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}, sort_keys=False))
    (folder / "sub").mkdir()
    below = {"cmd": "cat ../out/s1/* > total", "deps": ["../out/s1"], "outs": ["total"]}
    (folder / "sub" / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"below": below}}))


def _stage(draw: random.Random, name: str, deps: list[str], seconds: float) -> dict[str, object]:
    """One that puts what it reads, and a parameter, into a file of its folder out/NAME, and what it counts into a metric beside it."""
    read = f"cat {' '.join(f'{dep}/*' for dep in deps)}"
    command = f"mkdir -p out/{name} m && {read} > out/{name}/f; sleep {seconds:.2f}; echo {name} >> out/{name}/f"
    stage: dict[str, object] = {"cmd": command, "deps": deps, "outs": [f"out/{name}"]}
    kind = draw.random()
    if kind < 0.4:
        stage["params"] = [draw.choice(["level", "other"])]
        stage["cmd"] = f"{command}; grep {stage['params'][0]} params.yaml >> out/{name}/f"  # type: ignore[index]
    elif kind < 0.6:
        stage["cmd"] = f"{command}; echo '{{\"n\": 1}}' > m/{name}.json"
        stage["metrics"] = [{f"m/{name}.json": {"cache": False}}]
    elif kind < 0.7:
        stage["always_changed"] = True
    return stage


def files(folder: Path) -> dict[str, bytes]:
    """All that a run leaves, without what git and DVC keep to themselves."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    names = {str(path.relative_to(folder)): path for path in found}
    return {name: path.read_bytes() for name, path in names.items() if not {".git", ".dvc", ".malmoi"} & set(Path(name).parts)}
