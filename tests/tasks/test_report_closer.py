"""What the report shows of each experiment: where it does well, what it is made of, what it cost, what temperature trades."""

import csv
import re
from pathlib import Path

import pytest
from evaluated import BILLS, write

from malmoi._page.closer import looks
from tasks import compare, leaderboard, promote, report


def made(out: Path, cost: Path | None) -> str:
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", out / "compare")
    promote.run(out / "compare", out / "evaluate", out / "train", out / "promote")
    read = {name: out / name for name in ("compare", "evaluate", "train", "ingest", "promote")}
    report.run(**read, cost=cost, out=out / "report")
    return (out / "report/index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write(tmp_path_factory.mktemp("closer") / "out")


@pytest.fixture(scope="module")
def page(out: Path) -> str:
    return made(out, out / "cost")


def labels(page: str, experiment: str) -> list[str]:
    return [label for label in re.findall(r'aria-label="([^"]*)"', page) if label.startswith(f"{experiment}: ")]


def test_a_classifier_is_looked_at_closely(page: str) -> None:
    drawn = " ".join(labels(page, "bills-gru"))
    assert "accuracy by length: 90.0% at ≤ 20, 85.0% at ≤ 1,200" in drawn
    assert "accuracy by unknown tokens: 90.0% at 0%, 70.0% at ≤ 50%" in drawn
    assert "reliability: sure of 88.0%, right in 90.0%" in drawn  # 150 texts sure of 84.7 %, 50 of 98 %
    for label in BILLS:
        assert f'<tr><th scope="row" lang="ko">{label}</th><td>90.0%</td>' in page
    assert '<tr><th scope="row" lang="en">head (plain)</th><td>100</td><td>0</td><td>90</td></tr>' in page
    assert '<tr><th scope="row" lang="en">all</th><td>1,000</td><td>0</td><td>90</td></tr>' in page


def test_a_language_model_is_looked_at_closely(page: str) -> None:
    drawn = " ".join(labels(page, "law-characters-lstm"))
    assert "bits per character by length: 2.380 at ≤ 60, 2.380 at ≤ 199" in drawn
    # bits of train's rarest and most frequent tokens: 4 x 2.38 and 2.38; the parts that are no frequency are said and not drawn
    said = "bits per token by frequency: 9.520 at 1, 2.380 at 1k, 40.000 at unknown (20.0% of all bits), 0.500 at end of text"
    assert said in drawn
    assert "perplexity by length: 2.90 at ≤ 60" in " ".join(labels(page, "law-komoran-gru")), "there are no bits per character"
    assert ">1k</text>" in page


def test_what_temperature_trades_is_drawn(page: str) -> None:
    drawn = labels(page, "law-characters-lstm")
    assert "law-characters-lstm: what temperature trades: repeated 4-grams 40% at 0, 40% at 0.8" in drawn
    assert "law-characters-lstm: log likelihood of what it writes, in nats per token: -1.00 at 0, -1.80 at 0.8" in drawn
    assert ">0.4</text>" in page, "temperatures are ticks"


def test_costs_are_in_the_leaderboard_and_in_full_below(page: str) -> None:
    said = [("9 k", "parameters"), ("1 min 15 s", "training"), ("1.23 k", "texts/s")]
    assert "".join(f"<span>{number} <small>{what}</small></span>" for number, what in said) in page
    row = page.split('<tr><th scope="row" lang="en">bills-gru</th>')[1].split("</tr>")[0]
    cells = re.findall(r"<td>(.*?)</td>", row)
    rest = ["14", "126 k", "378 MFLOP", "812.5 MiB", "402.5 MiB", "1.23 k", "15 k", "29 k"]
    # 14 epochs of 9,000 tokens: 126,000 x 500 multiply-adds x 2 operations x 3 readings
    assert cells == ["9,000", "35.2 KiB", "500 a token", "1 min 15 s", "4 min 0 s", *rest]


def test_paired_tests_are_named(page: str) -> None:
    assert "(paired bootstrap)</small>" in page


def test_without_what_was_measured_there_is_the_rest(out: Path, page: str, tmp_path: Path) -> None:
    bare = made(write(tmp_path / "out"), None)
    assert "A closer look" in bare
    assert "<summary><b>Costs</b>" not in bare
    assert "<small>parameters</small>" in bare
    assert "<small>training</small>" not in bare
    assert len(bare) < len(page)


def test_the_leaderboard_says_what_stands_beside_the_score(
    out: Path, page: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    leaderboard.run(out / "compare", out / "promote", out / "cost")
    printed = capsys.readouterr().out.splitlines()
    assert any(line.split()[:1] == ["experiment"] and "macro F1   ECE " in line for line in printed)
    gru = next(line for line in printed if " bills-gru " in line)
    assert re.search(r" 4\.0% +9 k +1 min 15 s +1\.23 k +", gru)
    assert re.search(r"p (=|<) [0-9.]+ \((McNemar, mid-p|paired bootstrap)\)$", gru)
    assert any("bits per byte" in line for line in printed)
    leaderboard.run(out / "compare", out / "promote", tmp_path)
    assert re.search(r" 9 k +– +– ", next(line for line in capsys.readouterr().out.splitlines() if " bills-gru " in line))


def test_csv_of_the_leaderboard_names_the_test(out: Path, page: str) -> None:
    rows = {row["experiment"]: row for row in csv.DictReader((out / "compare/leaderboard.csv").read_text(encoding="utf-8").splitlines())}
    assert rows["polarity-bilstm"]["paired_test"] == "paired bootstrap"  # two seeds
    assert rows["bills-gru"]["macro_f1"]
    assert rows["bills-gru"]["calibration_error"] == "0.04"
    assert float(rows["law-characters-lstm"]["bits_per_byte"]) > 0
    assert rows["law-komoran-gru"]["bits_per_byte"] == ""


def test_the_hardest_classes_of_many() -> None:
    line = {"precision": "0.5", "recall": "0.5", "low": "0.4", "high": "0.6", "support": "3"}
    classes = [{"class": f"c{place:02}", **line, "f1": str(place / 100)} for place in range(40)]
    [look] = looks([{"experiment": "x", "problem": "classify", "metric": "accuracy", "tokenization": ""}], {"x": {"classes": classes}})
    assert look.classes is not None
    assert look.classes.title == "the 30 hardest of 40 classes"
    assert [name for name, _ in look.classes.rows][:2] == ["c00", "c01"]
