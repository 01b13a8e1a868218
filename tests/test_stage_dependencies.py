"""dvc.yaml declares the code that each stage runs: what is not declared could be edited without the stage running again."""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
import yaml
from imports import INFRASTRUCTURE, ROOT, closure

from malmoi import registry

FILES = [*sorted((ROOT / "params/experiments").glob("*.yaml")), ROOT / "params/probes.yaml"]
EXAMPLE: Any = {  # for a table that is in no file
    "pretraining": {"lm": {"corpus": "reviews", "features": "ids", "model": {"family": "recurrent"}}},
    "features": {"ids": {"kind": "sequence", "tokens": "cut"}},
    "tokens": {"cut": {"tokenizer": "words", "options": {}}},
}
ANY = {room: " ".join(registry.names(room)) for room in ("features", "models", "tokenizers")}  # an earlier champion may be of any kind


class Instance(NamedTuple):
    """A stage of dvc.yaml with the names of one entry filled in. members: of each room the one that the entry asks for."""

    stage: str
    name: str
    declared: list[str]
    members: dict[str, str]


def load(name: str) -> Any:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def instances() -> Iterator[Instance]:
    """Every stage with every entry of every file in params/experiments, switched on or not."""
    for stage, given in load("dvc.yaml")["stages"].items():
        if "foreach" not in given:
            yield Instance(stage, stage, given["deps"], ANY if stage == "promote" else {})
            continue
        table = given["foreach"].removeprefix("${").removesuffix("}")
        entries = [(tables, key) for tables in map(load, map(str, FILES)) for key in tables.get(table) or {}]
        for tables, key in entries or [(EXAMPLE, key) for key in EXAMPLE[table]]:
            declared = [filled(dependency, key, tables[table][key]) for dependency in given["do"]["deps"]]
            yield Instance(stage, f"{stage}@{key}", declared, members(tables, table, key))


def filled(template: str, key: str, item: Any) -> str:
    """A dependency with ${key} and ${item.x.y} replaced.

    >>> filled("malmoi/models/${item.model.family}.py", "law-ngram", {"model": {"family": "ngram"}})
    'malmoi/models/ngram.py'
    """

    def value(found: re.Match[str]) -> str:
        first, *rest = found[1].split(".")
        one = {"key": key, "item": item}[first]
        for part in rest:
            one = one[part]
        return str(one)

    return re.sub(r"\$\{([\w.]+)\}", value, template)


def members(tables: Any, table: str, key: str) -> dict[str, str]:
    """Which files of each room an entry leads to, by way of the entries that it names."""
    entry = tables[table][key]
    if table == "ingest":
        return {"corpora": load("params/corpora.yaml")["corpora"][key]["reader"]["kind"]}
    if table in ("tokens", "grades"):
        inside = entry["options"].get("morphemes") or {}
        return {"tokenizers": f"{entry['tokenizer']} {inside.get('tokenizer', '')}"}
    if table == "features":
        return {"features": entry["kind"], **members(tables, "tokens", entry["tokens"])}
    if table in ("probes", "text_probes"):
        rooms = {room: " ".join(registry.names(room)) for room in ("features", "tokenizers")}
        return {"probes": entry["kind"], "models": "recurrent", **(rooms if table == "text_probes" else {})}
    if table == "intrinsic":
        return members(tables, "features", entry["features"])
    below = "pretraining" if entry["features"] in (tables.get("pretraining") or {}) else "features"
    return {**members(tables, below, entry["features"]), "models": entry["model"]["family"]}


ALL = list(instances())
STAGES = sorted({one.stage for one in ALL})


def covers(declared: str, path: str) -> bool:
    return path == declared or path.startswith(f"{declared}/")


def runs(one: Instance) -> set[str]:
    return closure(f"tasks/{one.stage}.py", one.members)


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_all_code_that_it_runs(stage: str) -> None:
    missing = {path for one in ALL if one.stage == stage for path in runs(one) if not any(covers(d, path) for d in one.declared)}
    assert sorted(missing) == []


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_declares_no_code_that_it_does_not_run(stage: str) -> None:
    entries = [one for one in ALL if one.stage == stage]
    code = {name for one in entries for name in one.declared if name.startswith(("malmoi/", "tasks/", "flows/"))}
    used = {path for one in entries for path in runs(one)}
    if stage == "features":  # kinds that no entry asks for, as `vectors`, whose file a user has
        used |= {path for kind in registry.names("features") for path in closure("tasks/features.py", {"features": kind})}
    assert sorted(name for name in code if not any(covers(name, path) for path in used)) == []


def test_the_leaderboard_depends_on_what_is_switched_on() -> None:
    declared = next(one.declared for one in ALL if one.stage == "compare")
    assert {"params/experiments", "params/pipeline.yaml"} <= set(declared)
    assert (ROOT / "params/pipeline.yaml").is_symlink()
    assert (ROOT / "params/pipeline.yaml").resolve() == ROOT / "dvc.yaml"


def test_training_does_not_depend_on_how_it_is_measured() -> None:
    trained = {path for one in ALL if one.stage == "train" for path in runs(one)}
    assert {"malmoi/models/linear.py", "malmoi/models/_network/trainer.py", "malmoi/experiments.py"} <= trained
    assert trained & {"malmoi/metrics.py", "malmoi/objectives.py", "malmoi/predictor.py"} == set()


@pytest.mark.parametrize(
    ("start", "asked", "inside", "outside"),
    [
        # imported in a function
        ("tasks/train.py", {"models": "recurrent"}, "malmoi/models/_network/trainer.py", "malmoi/models/ngram.py"),
        ("tasks/train.py", {"models": "ngram"}, "malmoi/models/ngram.py", "malmoi/models/_network/trainer.py"),
        ("tasks/tokens.py", {"tokenizers": "okt"}, "malmoi/tokenizers/_jvm.py", "malmoi/tokenizers/komoran.py"),
        ("tasks/report.py", {}, "malmoi/_page/charts.py", "malmoi/champion.py"),
        ("tasks/train.py", {}, "malmoi/batches.py", "tasks/_live.py"),  # behind what is infrastructure
    ],
)
def test_the_search_sees_what_is_run(start: str, asked: dict[str, str], inside: str, outside: str) -> None:
    found = closure(start, asked)
    assert inside in found
    assert outside not in found
    assert found & INFRASTRUCTURE == set()
