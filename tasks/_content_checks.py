"""Links from a registered version to what it is made of: its files, the code it carries, packages, scores."""

import math
from importlib.metadata import PackageNotFoundError, version

from malmoi.config import ConfigError
from tasks import _checkout, _claims, _requirements, _runs
from tasks._checkout import Checkout
from tasks._claims import Claim
from tasks._findings import UncheckedError, agree, same

SERVED, PINS = "tasks/_served.py", ("requirements.txt", "constraints.txt")
CLOSE = 1e-6  # of a score that was computed again: numpy adds in another order on other processors
NOWHERE = "DVC's copy is in no cache and no remote that can be reached from here; where somebody has pushed it: dvc remote add, or dvc pull"


def shipped(claim: Claim, clean: Checkout) -> str:
    """The code that the model carries is that of the commit it was registered from."""
    origin = _origin(claim)
    listed = [line.split("\t") for line in _checkout.git(clean.root, "ls-tree", "-r", origin, "malmoi", SERVED).splitlines()]
    wanted = {name: about.split()[2] for about, name in listed}
    places = {file.relative_to(claim.folder / "code").as_posix(): file for file in (claim.folder / "code").rglob("*") if file.is_file()}
    found = {
        name: _checkout.blob(file) for name, file in (places | {SERVED: claim.folder / "_served.py"}).items() if not name.endswith(".pyc")
    }
    agree(f"{name} is not that of commit {origin[:10]}" for name in sorted(wanted | found) if wanted.get(name) != found.get(name))
    return f"{len(found)} files of {origin[:10]}"


def _origin(claim: Claim) -> str:
    """The commit that the version was registered from."""
    if origin := claim.tags.get(_claims.SHIPPED):
        return origin
    raise ConfigError(f"no tag {_claims.SHIPPED}: nobody can tell which commit the model's code and pins are of; register again")


def requirements(claim: Claim, clean: Checkout) -> str:
    """The model's pins are those of requirements.lock."""
    locked = _requirements.pins(_checkout.at(clean.root, _origin(claim), "requirements.lock"))
    files = {name: _requirements.pins((claim.folder / name).read_text(encoding="utf-8")) for name in PINS}
    wrong = [(file, *pin) for file, pins in files.items() for pin in pins.items() if locked.get(pin[0]) != pin[1]]
    agree(f"{name}: {number} in {file}, {locked.get(name)} in requirements.lock" for file, name, number in wrong)
    return f"{len(files[PINS[1]])} packages as in requirements.lock"


def environment(claim: Claim, clean: Checkout) -> str:
    """The packages here are those of the commit's requirements.lock."""
    locked = _requirements.pins((clean.folder / "requirements.lock").read_text(encoding="utf-8"))
    here = {name: _installed(name) for name in locked}
    agree(f"{name} {here[name]} is installed, the lock has {number}" for name, number in locked.items() if here[name] not in (number, ""))
    return f"{sum(map(bool, here.values()))} packages as in requirements.lock"


def bundle(claim: Claim, clean: Checkout) -> str:
    """The registered bundle is, byte for byte, what DVC keeps of the training."""
    out = f"out/train/{claim.experiment}"
    if not clean.bring(out):
        raise UncheckedError(NOWHERE)
    return same(clean.folder / out / f"seed-{claim.seed}", claim.bundle)


def metrics(claim: Claim, clean: Checkout) -> str:
    """The scores in MLflow, of run and version, are those that DVC keeps."""
    outs = {f"out/{stage}/{claim.experiment}" for stage in ("train", "evaluate")}
    if clean.bring(*outs) != outs:
        raise UncheckedError(NOWHERE)
    return compare_scores(claim, clean)


def compare_scores(claim: Claim, clean: Checkout, close: float = 0.0) -> str:
    """Scores under the checkout's out/ against those of run and version. close: relative difference that is none."""
    run = next(run for run in _runs.read(clean.folder / "out") if (run.name, int(run.bundle["seed"])) == (claim.experiment, claim.seed))
    wanted = _runs.scores(run)
    of_run = {name: claim.metrics.get(name, math.nan) for name in wanted}
    agree(
        f"{name}: {value!r}, MLflow has {of_run[name]!r}"
        for name, value in wanted.items()
        if not math.isclose(value, of_run[name], rel_tol=close)
    )
    shown = {name: claim.tags[name] for name in wanted if name in claim.tags}
    agree(f"{name}: {of_run[name]:.6g}, the version's tag {said!r}" for name, said in shown.items() if f"{of_run[name]:.6g}" != said)
    return f"{len(wanted)} as in MLflow"


def _installed(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""  # for another system, or of an extra
