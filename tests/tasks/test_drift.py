"""`python -m tasks drift`: a table, a file for programs, and a status."""

import json
import shutil
from pathlib import Path

import pytest
from profiled import profiled, reviews

from malmoi import contract, profile
from tasks.__main__ import main

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a profile of bills, as far as the tool looks at it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params").mkdir()
    for name in ("corpora.yaml", contract.PATH.name):
        shutil.copy(ROOT / "params" / name, tmp_path / "params")
    save(tmp_path / "out/profile/bills", 300)
    return tmp_path


def save(folder: Path, count: int) -> Path:
    folder.mkdir(parents=True)
    profile.save(folder / profile.NAME, profiled(folder, reviews(count), corpus="bills"))
    return folder


def test_no_drift(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["drift", "bills", "--before", str(save(place / "old", 300)), "--out", "verdicts/bills.json"]) == 0
    assert capsys.readouterr().out.startswith("bills: within its limits\n  measure ")
    found = json.loads((place / "verdicts/bills.json").read_text(encoding="utf-8"))
    assert (found["corpus"], found["broken"], len(found["measures"])) == ("bills", False, 11)


def test_drift(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = save(place / "old", 600) / profile.NAME  # the file does, too
    assert main(["drift", "bills", "--before", str(before), "--after", "out/profile/bills", "--out", "bills.json"]) == 1
    said = capsys.readouterr()
    assert "bills: 1 of 11 measures over their limits" in said.out
    assert "train had 480 examples and has 240" in said.out
    assert "error: bills is too far from its earlier version; where that is right, params/contract.yaml: corpora.bills.drift" in said.err
    assert json.loads((place / "bills.json").read_text(encoding="utf-8"))["broken"] is True


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["bills", "--before", "nowhere"], "nowhere: no profile there"),
        (["law", "--before", "out/profile/bills"], "out/profile/law: no profile there; `ingest` writes it"),
        (["bells", "--before", "out/profile/bills"], "no corpus is called 'bells'; did you mean 'bills'?"),
    ],
)
def test_what_cannot_be_compared(place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(["drift", *arguments]) == 1
    assert said in capsys.readouterr().err
