"""`compare`, `promote` and `leaderboard` on a small finished `out/`."""

import csv
import json
from pathlib import Path

import pytest
from evaluated import CLASSIFIERS, LANGUAGE_MODELS, classifier, switch_on, write

from malmoi.config import ConfigError
from tasks import compare, leaderboard, promote


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = write(tmp_path_factory.mktemp("compared") / "out")
    compare.run(folder / "evaluate", folder / "train", folder.parent / "dvc.yaml", folder / "compare")
    promote.run(folder / "compare", folder / "evaluate", folder / "train", folder / "promote")
    return folder


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in sorted(folder.rglob("*")) if file.is_file()}


def test_leaderboards_hold_every_experiment_once(out: Path) -> None:
    boards = json.loads((out / "compare" / "leaderboard.json").read_text(encoding="utf-8"))
    assert list(boards) == ["classify/bills", "classify/polarity", "language_model/law", "language_model/wiki"]
    assert sorted(row["experiment"] for rows in boards.values() for row in rows) == sorted(CLASSIFIERS | LANGUAGE_MODELS)
    law = [(row["experiment"], row["metric"], bool(row["group"])) for row in boards["language_model/law"]]
    assert law[0] == ("law-characters-lstm", "bits_per_character", False)
    assert law[2] == ("law-komoran-gru", "perplexity", True)
    gru = next(row for row in boards["classify/bills"] if row["experiment"] == "bills-gru")
    assert gru["interval"]["accuracy"][0] < gru["test"]["accuracy"] < gru["interval"]["accuracy"][1]
    assert set(gru["seeds"]) == {"1", "2", "3"}


def test_tables_for_dvc(out: Path) -> None:
    folder = out / "compare"
    scores = json.loads((folder / "metrics" / "classify-bills" / "bills-gru.json").read_text(encoding="utf-8"))
    assert set(scores) == {"accuracy", "macro_f1", "calibration_error"}
    lossy = json.loads((folder / "metrics" / "language-model-law" / "law-komoran-gru.json").read_text(encoding="utf-8"))
    assert set(lossy) == {"perplexity"}
    with (folder / "curves" / "classify-bills.csv").open(encoding="utf-8") as file:
        curve = [row for row in csv.DictReader(file) if row["experiment"] == "bills-gru"]
    assert [row["epoch"] for row in curve] == [str(epoch) for epoch in range(1, 15)]
    assert float(curve[0]["train_loss"]) == pytest.approx(0.3 * (2.0 + 2 / 60))  # mean over seeds 1, 2, 3
    assert sorted(file.stem for file in (folder / "confusion").iterdir()) == sorted(CLASSIFIERS)


def test_the_same_results_give_the_same_bytes(out: Path, tmp_path: Path) -> None:
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", tmp_path / "compare")
    assert contents(tmp_path / "compare") == contents(out / "compare")


def test_decisions_name_the_bundle_and_the_reason(out: Path) -> None:
    decisions = json.loads((out / "promote" / "decisions.json").read_text(encoding="utf-8"))
    assert set(decisions) == {"classify-bills", "classify-polarity", "language-model-law", "language-model-wiki"}
    chosen = decisions["language-model-law"]
    assert chosen["champion"] == "law-characters-lstm"
    assert chosen["bundle"] == (out / "train" / "law-characters-lstm" / f"seed-{chosen['seed']}").as_posix()
    assert chosen["model"] == "language-model-law"
    assert "It beats the best baseline there, law-characters-ngram" in chosen["why"]
    assert "The networks did not beat this baseline" in decisions["classify-bills"]["why"]


def test_what_is_no_longer_switched_on_is_left_out(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = {"bills-characters-tfidf", "wiki-words-ngram", "wiki-characters-gru"}  # the best of one corpus, and all of another
    graph = switch_on(tmp_path, (CLASSIFIERS | LANGUAGE_MODELS).keys() - gone)
    compare.run(out / "evaluate", out / "train", graph, tmp_path / "compare")
    assert "left out, not in dvc.yaml: bills-characters-tfidf, wiki-characters-gru, wiki-words-ngram\n" in capsys.readouterr().out
    written = contents(tmp_path / "compare")
    assert [name for name, text in written.items() if any(one in name or one.encode() in text for one in gone)] == []
    promote.run(tmp_path / "compare", out / "evaluate", out / "train", tmp_path / "promote")
    before, after = (json.loads((folder / "promote/decisions.json").read_text(encoding="utf-8")) for folder in (out, tmp_path))
    assert set(before) - set(after) == {"language-model-wiki"}
    assert (before["classify-bills"]["champion"], after["classify-bills"]["champion"]) == ("bills-characters-tfidf", "bills-gru")


def test_nothing_left_out_is_not_spoken_of(out: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare.run(out / "evaluate", out / "train", out.parent / "dvc.yaml", tmp_path / "compare")
    assert "left out" not in capsys.readouterr().out


def test_what_is_switched_on_must_be_evaluated(out: Path, tmp_path: Path) -> None:
    graph = switch_on(tmp_path, ["bills-rnn", "bills-gone", "law-gone"])
    with pytest.raises(ConfigError, match=r"not evaluated .*: bills-gone, law-gone; run `dvc repro`"):
        compare.run(out / "evaluate", out / "train", graph, tmp_path / "compare")
    assert not (tmp_path / "compare").exists()


def test_seeds_that_answered_different_examples_are_refused(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    classifier(tmp_path, "bills-rnn")
    file = tmp_path / "evaluate" / "bills-rnn" / "predictions.parquet"
    pq.write_table(pq.read_table(file).slice(1), file)
    with pytest.raises(ConfigError, match="seeds answered different examples"):
        compare.run(tmp_path / "evaluate", tmp_path / "train", switch_on(tmp_path, ["bills-rnn"]), tmp_path / "compare")


def test_leaderboard_prints_tables_and_the_next_commands(out: Path, capsys: pytest.CaptureFixture[str]) -> None:
    leaderboard.run(out / "compare", out / "promote")
    printed = capsys.readouterr().out
    assert "classify/bills (accuracy, higher is better)\n" in printed
    assert "\n*  law-characters-lstm " in printed
    for command in (
        "make ui",
        "make serve MODEL=classify-bills",
        "dvc exp run -S",
        "curl ",
    ):
        assert command in printed


def test_columns_line_up_with_hangul() -> None:
    printed = leaderboard.lines([{"experiment": "말모이", "test": "1.5"}, {"experiment": "abcdefg", "test": "10.25"}])
    assert printed == ["experiment   test", "말모이        1.5", "abcdefg     10.25"]
    assert len({leaderboard.width(line) for line in printed}) == 1
