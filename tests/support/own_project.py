"""A clone of this project whose corpora are a person's own files, driven by its public commands alone."""

import csv
import io
import os
import re
import shutil
import subprocess
import sys
import time
from itertools import product
from pathlib import Path

import psutil
import yaml

ROOT = Path(__file__).resolve().parents[2]
CLOSED = "http://127.0.0.1:9"  # the discard port: nobody listens there
OLD = 4.0  # seconds after which a training has a writer beside it
LONG = 300.0  # seconds that a command may take on a busy machine
NOT_CLONED = ("params/", "data.dvc", "dvc.lock", "tests/", "docs/")

CORPORA = """\
corpora:
  reviews:
    title: 우리 가게의 상품평
    language: ko
    problem: classify
    licence: internal
    source: {local: [given/reviews.csv]}
    reader:
      kind: delimited
      options: {text: 상품평, label: 별점, encoding: cp949, labels: {"1": 불만, "5": 만족}}
    split: {by: random, valid: 0.2, test: 0.2, seed: 1}
  notes:
    title: Notes in Korean and English
    language: ko
    problem: language_model
    licence: internal
    source: {local: [given/notes.csv]}
    reader: {kind: delimited, options: {text: 문장}}
    split: {by: position, valid: 0.15, test: 0.15}
"""
CONTRACT = """
corpora:
  notes: {version: {examples: 5}}  # 60 notes, some 15% of them for a test
"""
REVIEWS = """\
ingest: {reviews: {}}
tokens:
  reviews-characters: {corpus: reviews, tokenizer: characters}
features:
  reviews-counts: {corpus: reviews, tokens: reviews-characters, kind: counts, options: {weights: tfidf, ngrams: [1, 2]}}
  reviews-ids: {corpus: reviews, tokens: reviews-characters, kind: sequence}
experiments:
  reviews-linear: {problem: classify, corpus: reviews, features: reviews-counts, model: {family: linear, C: 0.5}, seeds: [1, 2]}
  reviews-gru:
    problem: classify
    corpus: reviews
    features: reviews-ids
    model: {family: recurrent, cell: gru, units: 4, embedding: 4}
    training: {epochs: 40, patience: 40, batch_size: 4}  # long enough to be killed in the middle
"""
NOTES = """\
ingest: {notes: {}}
tokens:
  notes-characters: {corpus: notes, tokenizer: characters}
features:
  notes-ids: {corpus: notes, tokens: notes-characters, kind: sequence}
experiments:
  notes-ngram: {problem: language_model, corpus: notes, features: notes-ids, model: {family: ngram, order: 3}, prompts: ["바다는 "]}
"""

THINGS = ["배송은", "포장은", "색은", "천은", "값은", "맛은", "상담은", "크기는"]
GOOD = ["정말 좋아요", "아주 빨라서 만족해요", "다시 살게요, 추천!", "마음에 들어요"]
BAD = ["너무 나빠요", "느려서 실망했어요", "다시는 안 사요, 환불!", "마음에 안 들어요"]
NOUNS = [("바다", "the sea"), ("산", "the hill"), ("강", "the river"), ("숲", "the wood"), ("들", "the field"), ("하늘", "the sky")]
ADJECTIVES = [("푸르다", "blue"), ("넓다", "wide"), ("조용하다", "quiet"), ("멀다", "far"), ("깊다", "deep")]


def reviews() -> bytes:
    """A CSV file as Korean Excel writes it: CP949, CRLF, quoted where it must be (comma, quotation mark, line end); one without stars."""
    rows = [(f"{thing} {word}", stars) for stars, words in (("5", GOOD), ("1", BAD)) for thing, word in product(THINGS, words)]
    rows += [('"강추"라고 하더니, 과연!', "5"), ("기대했는데\n별로예요", "1"), ("별점을 잊었어요", "")]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("상품평", "별점"), *rows])
    return text.getvalue().encode("cp949")


def notes() -> bytes:
    """One column, UTF-8 with a byte-order mark in front of its name."""
    pairs = product(NOUNS, ADJECTIVES)
    rows = [row for (noun, thing), (adjective, how) in pairs for row in (f"{noun}은 {adjective}.", f'"{thing.capitalize()}" is {how}.')]
    text = io.StringIO(newline="")
    csv.writer(text).writerows([("문장",), *((row,) for row in rows)])
    return text.getvalue().encode("utf-8-sig")


def clone(folder: Path) -> None:
    """What git would give to somebody who clones, but with other corpora and experiments; committed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    for name in listed.stdout.split("\0"):
        if name and (ROOT / name).is_file() and not name.startswith(NOT_CLONED):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    pipeline = (folder / "dvc.yaml").read_text(encoding="utf-8")
    own = r"\1  - params/experiments/reviews.yaml\n  - params/experiments/notes.yaml\n"  # after the tables that a file need not have
    (folder / "dvc.yaml").write_text(re.sub(r"^(vars:\n  - \{.*\n)(?: .*\n)+", own, pipeline, flags=re.MULTILINE), encoding="utf-8")
    limits = (ROOT / "params/contract.yaml").read_text(encoding="utf-8").partition("\ncorpora:")[0] + CONTRACT
    texts = {"corpora.yaml": CORPORA, "contract.yaml": limits, "experiments/reviews.yaml": REVIEWS, "experiments/notes.yaml": NOTES}
    (folder / "params/experiments").mkdir(parents=True)
    (folder / "params/dictionaries").mkdir()
    (folder / "params/dictionaries/names.tsv").write_text("말모이\tNNP\n", encoding="utf-8")
    for name, text in texts.items():
        (folder / "params" / name).write_text(text, encoding="utf-8")
    rules = (ROOT / "params/promote.yaml").read_text(encoding="utf-8").partition("\nboards:")[0]
    (folder / "params/promote.yaml").write_text(rules, encoding="utf-8")
    shutil.copy(ROOT / "params/behaviour.yaml", folder / "params/behaviour.yaml")
    (folder / "params/pipeline.yaml").symlink_to("../dvc.yaml")
    (folder / "given").mkdir()
    (folder / "given/reviews.csv").write_bytes(reviews())
    (folder / "given/notes.csv").write_bytes(notes())


class OwnProject:
    """The clone, and commands run in it as a person would."""

    def __init__(self, folder: Path) -> None:
        self.root, self.store = folder / "project", f"sqlite:///{folder / 'mlflow.db'}"
        self.root.mkdir()
        clone(self.root)
        self.environment = self._environment(folder)
        self.run("git", "init", "--quiet")
        self.commit("first")

    def _environment(self, folder: Path) -> dict[str, str]:
        here = {name: value for name, value in os.environ.items() if not name.startswith(("MALMOI_", "MLFLOW_", "DVC_", "GIT_", "PYTHON"))}
        names = ("GIT_AUTHOR_NAME", "GIT_COMMITTER_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL")
        return (
            here
            | dict.fromkeys(names, "someone@example.invalid")
            | {
                "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
                "SHELL": "/bin/sh",
                "PYTHONUNBUFFERED": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "DVC_NO_ANALYTICS": "1",
                "DVC_SITE_CACHE_DIR": str(folder / "site"),
                "DO_NOT_TRACK": "true",
                "MLFLOW_DISABLE_TELEMETRY": "true",
                "MLFLOW_TRACKING_URI": self.store,
                "MALMOI_TRACKING_DELAY": "2",
            }
        )

    def run(self, *command: str, tracking: str | None = None, status: int = 0) -> str:
        """Run a command; its stdout and stderr together. AssertionError, with both, where it ends with another `status`."""
        given = self.environment | {"MLFLOW_TRACKING_URI": tracking or self.store}
        done = subprocess.run(
            command, cwd=self.root, env=given, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=600, check=False
        )
        assert done.returncode == status, f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}"
        return done.stdout

    def killed(self, stage: str, after: str, last: str, tracking: str) -> str:
        """`dvc repro`, in which the processes of one train stage get a kill -9 once they have said `after`.

        Returns all that was said; waits until that includes `last`, since the writer beside the training outlives it for a moment.
        """
        log = self.root.parent / "killed.log"
        with open(log, "wb") as output:
            given = self.environment | {"MLFLOW_TRACKING_URI": tracking}
            process = subprocess.Popen(["dvc", "repro"], cwd=self.root, env=given, stdout=output, stderr=subprocess.STDOUT)
            try:
                _wait_for(after, log, process)
                for child in psutil.Process(process.pid).children(recursive=True):
                    _kill(child, f"tasks train {stage}")
                assert process.wait(timeout=60) != 0
            finally:
                process.kill()
                process.wait()
        _wait_for(last, log)
        return log.read_text(encoding="utf-8")

    def commit(self, message: str) -> None:
        """Commit everything."""
        self.run("git", "add", "--all")
        self.run("git", "commit", "--quiet", "--message", message)

    def edit(self, name: str, old: str, new: str) -> None:
        """Replace `old`, which is there once, in a file."""
        text = (self.root / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (self.root / name).write_text(text.replace(old, new), encoding="utf-8")

    def locked(self) -> dict[str, dict[str, object]]:
        """The stages of dvc.lock."""
        return yaml.safe_load((self.root / "dvc.lock").read_text(encoding="utf-8"))["stages"]


def _kill(process: psutil.Process, command: str) -> None:
    """Kill it if it runs that command; not before the writer beside a training has been started."""
    if command in " ".join(process.cmdline()):
        time.sleep(max(0.0, process.create_time() + OLD - time.time()))
        process.kill()


def _wait_for(text: str, log: Path, process: "subprocess.Popen[bytes] | None" = None) -> None:
    until = time.monotonic() + LONG
    while text not in (said := log.read_text(encoding="utf-8")):
        assert process is None or process.poll() is None, f"ended before it said {text!r}:\n{said}"
        assert time.monotonic() < until, f"never said {text!r}:\n{said}"
        time.sleep(0.02)


def ran(output: str) -> set[str]:
    """Stages that a `dvc repro`, a `dvc exp run` or a `python -m flows.local` says it has run."""
    said = re.findall(r"^Running stage '(.+)':$|^\[\d+/\d+\] (\S+)  done  ", output, re.MULTILINE)
    return {by_dvc or by_flow for by_dvc, by_flow in said}
