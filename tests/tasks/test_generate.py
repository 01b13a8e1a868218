"""`python -m tasks generate`: from a name, or a bundle, to text."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tiny import Tiny

from malmoi.config import ConfigError
from malmoi.decoding import Decoding
from malmoi.predictor import Predictor
from tasks import generate
from tasks.__main__ import main


@pytest.fixture
def ask(tiny: Tiny, capsys: pytest.CaptureFixture[str]) -> Any:
    """Run the command on the tiny models; (exit status, stdout, stderr)."""
    for name in ("law-ngram", "law-jamo-ngram"):
        tiny.train(name)
    capsys.readouterr()

    def run(*options: str) -> tuple[int, str, str]:
        places = ["--train", str(tiny.root / "train"), "--evaluate", str(tiny.root / "evaluate")]
        status = main(["generate", *options, *places])
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_a_name_a_model_and_a_bundle_answer_alike(ask: Any, tiny: Tiny) -> None:
    told = ["--prompt", "대한", "--length", "4"]
    assert ask("law-ngram", *told) == (0, "대한민국은 \n", "")
    assert ask("--model", "law-ngram", *told) == ask("law-ngram", *told)
    assert ask(str(tiny.root / "train/law-ngram/seed-1"), *told) == ask("law-ngram", *told)
    assert ask(str(tiny.root / "train/law-ngram"), *told) == ask("law-ngram", *told)


def test_several_prompts_as_text_and_as_json(ask: Any) -> None:
    told = ["law-ngram", "--prompt", "대한", "--prompt", "모든 국", "--length", "4"]
    assert ask(*told)[1] == "대한민국은 \n\n모든 국민은 법\n"
    lines = [json.loads(line) for line in ask(*told, "--json", "--temperature", "1", "--top-p", "0.9", "--seed", "3")[1].splitlines()]
    assert [line["prompt"] for line in lines] == ["대한", "모든 국"]
    assert (lines[0]["model"], lines[0]["model_seed"], lines[0]["tokens"], lines[0]["finish_reason"]) == ("law-ngram", 1, 4, "length")
    assert lines[0]["mean_log_likelihood"] < 0 <= lines[0]["repetition"]
    assert 0 < lines[1]["distinct_1"] <= 1
    assert (lines[0]["settings"]["top_p"], lines[0]["settings"]["seed"]) == (0.9, 3)


@pytest.mark.parametrize("name", ["law-ngram", "law-jamo-ngram"])
def test_a_stream_prints_what_is_printed_without(ask: Any, name: str) -> None:
    for prompt, options in (("모든 ", ["--temperature", "1.2"]), ("대하", ["--beams", "3"]), ("", ["--stop", "국", "--stop", "의무"])):
        told = [name, "--prompt", prompt, "--length", "40", *options]
        assert ask(*told, "--stream") == ask(*told)


def test_letters_complete_the_syllable_of_the_prompt(ask: Any) -> None:
    for shown in ([], ["--stream"]):
        assert ask("law-jamo-ngram", "--prompt", "대하", "--length", "4", *shown)[1] == "대한민\n"


def test_the_best_seed_answers(tiny: Tiny, tmp_path: Path) -> None:
    trained, evaluated = tiny.train("law-jamo-ngram").parent, tmp_path / "law-jamo-ngram"
    assert generate.find("law-jamo-ngram", trained, tmp_path).name == "seed-1", "equal losses: the smaller seed"
    evaluated.mkdir()
    scores = {
        "primary": "perplexity",
        "valid": {"seeds": {"1": {"perplexity": 2.0, "accuracy": 2}, "2": {"perplexity": 1.0, "accuracy": 1}}},
    }
    (evaluated / "metrics.json").write_text(json.dumps(scores))
    assert generate.find("law-jamo-ngram", trained, tmp_path).name == "seed-2"
    (evaluated / "metrics.json").write_text(json.dumps(scores | {"primary": "accuracy"}))
    assert generate.find("law-jamo-ngram", trained, tmp_path).name == "seed-1"


def test_before_it_was_evaluated_the_lowest_loss_is_best(tmp_path: Path) -> None:
    for seed in (1, 2):
        (tmp_path / f"x/seed-{seed}").mkdir(parents=True)
        (tmp_path / f"x/seed-{seed}/bundle.json").write_text("{}")
    (tmp_path / "x/history.csv").write_text("seed,epoch,train_loss,valid_loss\n1,1,2,2.0\n1,2,1,1.5\n2,1,2,1.2\n2,2,1,1.9\n")
    assert generate.find("x", tmp_path, tmp_path / "none").name == "seed-2"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["law-ngran", "--prompt", "x"], "no experiment called 'law-ngran' was trained in .*did you mean 'law-ngram'"),
        (["--prompt", "x"], "name one model: python -m tasks generate NAME"),
        (["law-ngram", "--model", "law-ngram", "--prompt", "x"], "name one model"),
        (["law-ngram", "--prompt", "x", "--beams", "3", "--temperature", "1"], "beams look for the likeliest text and draw nothing"),
        (["law-ngram", "--prompt", "x", "--top-k", "3"], "give a temperature"),
        (["law-ngram", "--prompt", "x", "--stop", ""], "stop must have no empty string"),
    ],
)
def test_mistakes_are_told(ask: Any, options: list[str], message: str) -> None:
    status, out, err = ask(*options)
    assert (status, out) == (1, "")
    with pytest.raises(ConfigError, match=message):
        raise ConfigError(err)


def test_help_shows_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["generate", "--help"]) == 0
    shown = capsys.readouterr().out
    assert 'python -m tasks generate law-characters-lstm --prompt "대한민국" --temperature 0.8 --stream' in shown
    assert all(f"--{name.replace('_', '-')}" in shown for name in Decoding.__dataclass_fields__)


def test_an_interrupted_stream_ends_its_line(ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(self: Predictor, prompt: str, decoding: Decoding) -> Any:
        yield "민국"
        raise KeyboardInterrupt

    monkeypatch.setattr(Predictor, "stream", interrupted)
    assert ask("law-ngram", "--prompt", "대한", "--stream") == (130, "대한민국\n", "interrupted\n")


def test_a_stream_is_seen_while_it_is_written_and_ends_with_ctrl_c(ask: Any, tiny: Tiny) -> None:
    command = [sys.executable, "-m", "tasks", "generate", "law-ngram", "--train", str(tiny.root / "train"), "--stream"]
    settings = ["--prompt", "모든 ", "--length", "1000000", "--temperature", "1"]

    def listen() -> None:  # a shell's background job starts with Ctrl-C ignored, and so would everything that it starts
        signal.signal(signal.SIGINT, signal.SIG_DFL)

    pipe, environment = subprocess.PIPE, {**os.environ, "PYTHONUTF8": "1"}
    with subprocess.Popen([*command, *settings], stdout=pipe, stderr=pipe, env=environment, preexec_fn=listen) as one:
        assert one.stdout is not None
        begun = one.stdout.read(30)
        one.send_signal(signal.SIGINT)
        rest, told = one.communicate(timeout=120)
    assert begun.decode(errors="replace").startswith("모든 ")
    assert rest.endswith(b"\n")
    assert (one.returncode, told) == (130, b"interrupted\n")
