"""fetch: bundled, local and mirrored corpora appear whole and checked, or not at all."""

import hashlib
import os
import random
import shutil
import subprocess
import sys
import time
import unicodedata
from pathlib import Path

import pytest
import yaml

from malmoi.config import ConfigError
from tasks import _catalogue, _pins, check, fetch
from tasks.__main__ import main

CATALOGUE = Path(__file__).parents[2] / "params" / "corpora.yaml"
CONTENT = "First:\nSpeak.\n"
HEAD = {"title": "t", "language": "en", "problem": "language_model", "licence": "l", "reader": {"kind": "plain"}}
SPLIT = {"split": {"by": "position", "valid": 0.1, "test": 0.1}}


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a catalogue of three corpora, a mirror, and a person's own file."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("MALMOI_MIRROR", raising=False)
    remote = {"address": "http://127.0.0.1:9/play.txt", "sha256": hashlib.sha256(CONTENT.encode()).hexdigest(), "bytes": len(CONTENT)}
    entries = {
        "play": HEAD | SPLIT | {"source": {"mirror": "shakespeare", "files": {"play.txt": remote}}},
        "mine": HEAD | SPLIT | {"source": {"local": ["own/mine.txt"]}},
        "toml": HEAD | SPLIT | {"source": {"package": "tomllib", "files": ["_[pt]*.py"]}},
    }
    (tmp_path / "params").mkdir()
    (tmp_path / "params" / "corpora.yaml").write_text(yaml.safe_dump({"corpora": entries}))
    for folder, name in (("mirror/shakespeare", "play.txt"), ("own", "mine.txt")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / name).write_text(CONTENT)
    return tmp_path


def contents(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_from_a_mirror_and_then_nothing_is_left_to_do(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "play", "--mirror", "mirror"]) == 0
    assert contents(place / "data") == ["play/play.txt"]
    assert not (place / "data" / ".partial").exists()
    assert "play: 1 files, 0.0 kB; data.dvc pins it now: " in capsys.readouterr().out
    written = (place / "data.dvc").read_bytes()
    (place / "mirror" / "shakespeare" / "play.txt").unlink()
    assert main(["fetch", "play"]) == 0
    assert capsys.readouterr().out == "play: already there and right\n"
    assert (place / "data.dvc").read_bytes() == written


def test_the_mirror_is_named_by_the_environment_too(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MALMOI_MIRROR", str(place / "mirror"))
    assert main(["fetch", "play"]) == 0
    assert (place / "data" / "play" / "play.txt").read_text() == CONTENT


def test_a_damaged_file_is_replaced_and_a_stray_one_goes_with_it(place: Path) -> None:
    (place / "data" / "play").mkdir(parents=True)
    (place / "data" / "play" / "play.txt").write_text("First:")
    (place / "data" / "play" / "stray.txt").write_text("x")
    assert main(["fetch", "play", "--mirror", "mirror"]) == 0
    assert contents(place / "data") == ["play/play.txt"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (CONTENT[:-3], "truncated: SHA-256 should be"),
        (CONTENT + "x", "another file"),
        (None, "file not found in the mirror; mend the mirror"),
    ],
)
def test_a_mirror_that_is_wrong_is_an_error(place: Path, capsys: pytest.CaptureFixture[str], content: str | None, said: str) -> None:
    file = place / "mirror" / "shakespeare" / "play.txt"
    file.unlink()
    if content is not None:
        file.write_text(content)
    assert main(["fetch", "play", "--mirror", "mirror"]) == 1
    assert said in capsys.readouterr().err
    assert contents(place / "data") == []
    assert not (place / "data.dvc").exists()


def test_no_network_is_an_error(place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert main(["fetch", "play"]) == 1
    assert "cannot be reached" in capsys.readouterr().err
    assert contents(place / "data") == []


def test_your_own_files_are_copied_and_pinned(place: Path) -> None:
    assert main(["fetch", "mine"]) == 0
    first = _pins.find(place / "data.dvc", place / "data" / "mine")
    (place / "own" / "mine.txt").write_text("Changed.\n")
    assert main(["fetch", "mine"]) == 0
    assert (place / "data" / "mine" / "mine.txt").read_text() == "Changed.\n"
    assert _pins.find(place / "data.dvc", place / "data" / "mine") != first
    (place / "own" / "mine.txt").unlink()
    with pytest.raises(ConfigError, match=r"corpus mine: source.local: no file own/mine.txt"):
        fetch.run(["mine"], False, None, Path("data"), Path("data.dvc"), Path("params/corpora.yaml"))


def test_bundled_files_are_copied_and_must_be_what_is_pinned(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "--bundled"]) == 0
    assert contents(place / "data") == ["toml/_parser.py", "toml/_types.py"]
    written = (place / "data.dvc").read_text()
    found = _pins.find(place / "data.dvc", place / "data" / "toml")
    assert found is not None
    (place / "data.dvc").write_text(written.replace(found.md5, "0" * 32 + ".dir"))
    (place / "data" / "toml" / "_types.py").write_text("changed")
    assert main(["fetch", "--bundled"]) == 1
    error = capsys.readouterr().err
    assert "error: toml: data.dvc pins" in error
    assert "0" * 32 in error
    assert found.md5 in error
    assert "Another version of tomllib" in error
    assert (place / "data" / "toml" / "_types.py").read_text() == "changed"
    assert not (place / "data" / ".partial").exists()


def test_a_benchmark_is_fetched_and_pinned_as_a_corpus_is_and_is_none(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    catalogue = place / "params" / "corpora.yaml"
    tables = yaml.safe_load(catalogue.read_text())
    about = {"title": "t", "language": "en", "licence": "l"}
    tables["benchmarks"] = {"judged": about | {"source": {"package": "tomllib", "files": ["_re.py"]}}}
    catalogue.write_text(yaml.safe_dump(tables))
    assert main(["fetch", "judged"]) == 0
    assert contents(place / "data") == ["judged/_re.py"]
    assert _pins.find(place / "data.dvc", place / "data" / "judged") == _pins.of_folder(place / "data" / "judged")
    assert main(["fetch", "--bundled"]) == 0
    assert contents(place / "data") == ["judged/_re.py", "toml/_parser.py", "toml/_types.py"]
    with pytest.raises(ConfigError, match="has no entry 'judged'"):
        _catalogue.corpus(catalogue, "judged")
    catalogue.write_text(yaml.safe_dump(tables | {"benchmarks": {"toml": tables["benchmarks"]["judged"]}}))
    capsys.readouterr()
    assert main(["fetch", "--bundled"]) == 1
    assert "'toml' is in corpora and in benchmarks, and both would be data/toml; rename one" in capsys.readouterr().err


def test_the_committed_pins_are_those_of_the_bundled_corpora(tmp_path: Path) -> None:
    fetch.run([], True, None, tmp_path / "data", tmp_path / "data.dvc", CATALOGUE)
    made = yaml.safe_load((tmp_path / "data.dvc").read_text())["outs"]
    committed = {out["path"]: out for out in yaml.safe_load((CATALOGUE.parents[1] / "data.dvc").read_text())["outs"]}
    assert {out["path"]: committed.get(out["path"]) for out in made} == {out["path"]: out for out in made}


def test_an_unknown_name_and_no_name(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "plat"]) == 1
    assert "did you mean 'play'? there are: mine, play, toml" in capsys.readouterr().err
    assert main(["fetch"]) == 1
    assert "which corpus?" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["[라벨]리뷰[1].csv", "a*b?.csv", "리뷰_학습.csv"])
def test_a_file_is_found_by_its_name_whatever_that_is(place: Path, name: str) -> None:
    """Brackets are no pattern, and a name from a Mac (NFD) is the same name."""
    (place / "own" / unicodedata.normalize("NFD", name)).write_text(CONTENT)
    catalogue = place / "params" / "corpora.yaml"
    tables = yaml.safe_load(catalogue.read_text())
    split = {"by": "files", "valid": 0.1, "test": 0.1, "files": {"train": [name]}}
    tables["corpora"]["mine"] |= {"source": {"local": [f"own/{name}"]}, "split": split}
    catalogue.write_text(yaml.safe_dump(tables, allow_unicode=True))
    assert main(["fetch", "mine"]) == 0
    corpus = _catalogue.corpus(catalogue, "mine")
    [path] = _catalogue.files(corpus, place / "data/mine")
    assert path.name == unicodedata.normalize("NFC", name)
    assert _catalogue.by_split(corpus, [path])[0] == ("train", [path])


def test_a_corpus_that_left_the_catalogue_is_told_and_forgotten(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "mine"]) == 0
    catalogue = place / "params" / "corpora.yaml"
    tables = yaml.safe_load(catalogue.read_text())
    del tables["corpora"]["mine"]
    catalogue.write_text(yaml.safe_dump(tables))
    assert main(["corpora"]) == 0
    assert "data/mine: pinned, but not in the catalogue: python -m tasks forget mine" in capsys.readouterr().out
    assert list(check.pinned_and_missing(place)) == []  # DVC can bring it back, as it is there
    shutil.rmtree(place / "data/mine")
    [said] = check.pinned_and_missing(place)
    assert said.endswith("python -m tasks forget mine")
    assert main(["forget", "mien"]) == 1
    assert "did you mean 'mine'?" in capsys.readouterr().err
    assert main(["forget", "mine"]) == 0
    assert list(check.pinned_and_missing(place)) == []
    assert _pins.folders(place / "data.dvc") == []


AT_ONCE = """
import sys
from tasks.__main__ import main
sys.exit(main(["fetch", *sys.argv[1:]]))
"""


def test_two_at_once_leave_whole_corpora_and_all_pins(place: Path) -> None:
    """The same corpora by several processes, of which some are killed at random moments."""
    catalogue = place / "params" / "corpora.yaml"
    tables = yaml.safe_load(catalogue.read_text())
    for number in range(6):
        (place / f"own/{number}").mkdir()
        for part in range(20):
            (place / f"own/{number}/{part}.txt").write_text(f"{number} {part}\n" * 500)
        files = [f"own/{number}/{part}.txt" for part in range(20)]
        tables["corpora"][f"c{number}"] = HEAD | SPLIT | {"source": {"local": files}}
    catalogue.write_text(yaml.safe_dump(tables))
    names = [f"c{number}" for number in range(6)]
    environment = os.environ | {"PYTHONPATH": str(CATALOGUE.parents[1])}
    random.seed(7)
    command = [sys.executable, "-c", AT_ONCE]
    for killed in (0.3, 0.35, 0.4, None):
        both = [subprocess.Popen([*command, *names[::step]], env=environment, stdout=subprocess.DEVNULL) for step in (1, -1)]
        if killed:
            time.sleep(killed + random.uniform(0, 0.1))
            both[0].kill()
        codes = [process.wait() for process in both]
        assert codes[1] == 0
    for name in names:
        assert len(contents(place / "data" / name)) == 20
        assert _pins.find(place / "data.dvc", place / "data" / name) == _pins.of_folder(place / "data" / name)
    assert len(_pins.folders(place / "data.dvc")) == 6


def test_a_corpus_is_there_at_every_moment_of_its_replacement(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between any two steps, with and without an exchange in one: the old corpus or the new one is there after the next fetch."""
    target = place / "data/mine"
    for can_exchange in (True, False):
        for step in ("rename", "rmtree"):
            assert main(["fetch", "mine"]) == 0
            (place / "own/mine.txt").write_text(f"another {can_exchange} {step}\n")
            with monkeypatch.context() as patch:
                if not can_exchange:
                    patch.setattr(fetch, "exchange", lambda one, other: False)
                _die_at(patch, step)
                with pytest.raises(KeyboardInterrupt):
                    main_unguarded(["mine"])
            assert can_exchange is False or contents(target) == ["mine.txt"]
            fetch.recover(target, place / "data/.partial/mine")
            assert contents(target) == ["mine.txt"]
            assert main(["fetch", "mine"]) == 0
            assert (target / "mine.txt").read_text() == f"another {can_exchange} {step}\n"


def main_unguarded(names: list[str]) -> None:
    fetch.run(names, False, None, Path("data"), Path("data.dvc"), Path("params/corpora.yaml"))


def _die_at(patch: pytest.MonkeyPatch, step: str) -> None:
    """A kill: nothing that comes after, not even `finally`, does anything to the files."""
    install = fetch.install

    def dying(unfinished: Path, target: Path, pin: _pins.Pin) -> bool:
        def die(*_: object, **__: object) -> None:
            patch.setattr(fetch, "tidy", lambda *_, **__: None)
            raise KeyboardInterrupt

        rename = Path.rename
        seen = []

        def second(self: Path, other: Path) -> Path:
            seen.append(self)
            return rename(self, other) if len(seen) == 1 else die()  # type: ignore[func-returns-value]

        patch.setattr(fetch.shutil, "rmtree", die) if step == "rmtree" else patch.setattr(Path, "rename", second)
        done = install(unfinished, target, pin)
        die()
        return done

    patch.setattr(fetch, "install", dying)


def test_a_file_that_is_written_just_now_is_not_taken_half(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copyfile = shutil.copyfile

    def grows(source: Path, copy: Path) -> None:
        copyfile(source, copy)
        if source.name == "mine.txt":
            source.write_text(CONTENT + "more\n")

    monkeypatch.setattr(fetch.shutil, "copyfile", grows)
    assert main(["fetch", "mine"]) == 1
    assert contents(place / "data") == []
    assert _pins.find(place / "data.dvc", place / "data/mine") is None


def test_a_file_that_is_rewritten_with_as_many_bytes_is_not_taken_half(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copyfile = shutil.copyfile

    def rewritten(source: Path, copy: Path) -> None:
        copyfile(source, copy)
        if source.name == "mine.txt":
            source.write_text("x" * len(CONTENT))
            os.utime(source, (1, 1))

    monkeypatch.setattr(fetch.shutil, "copyfile", rewritten)
    assert main(["fetch", "mine"]) == 1
    assert contents(place / "data") == []


def test_another_corpus_may_be_fetched_at_every_moment(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Corpora are put together in folders of one parent, which each fetch makes and removes."""
    ours, theirs = place / "data/.partial/mine", place / "data/.partial/other"
    mkdir, copyfile, removed = os.mkdir, shutil.copyfile, []

    def parent_goes(path: Path, mode: int = 0o777) -> None:
        if Path(path) == Path("data/.partial/mine") and Path("data/.partial").is_dir() and not removed:
            removed.append(path)
            fetch.tidy(theirs, keep=False)
        mkdir(path, mode)

    def other_ends(source: Path, copy: Path) -> None:
        assert ours.is_dir()
        theirs.mkdir()
        fetch.tidy(theirs, keep=False)
        theirs.mkdir()  # another one begins, and is there when ours is tidied up
        copyfile(source, copy)

    monkeypatch.setattr(os, "mkdir", parent_goes)
    monkeypatch.setattr(fetch.shutil, "copyfile", other_ends)
    assert main(["fetch", "mine"]) == 0
    assert removed
    assert contents(place / "data/mine") == ["mine.txt"]
    assert theirs.is_dir()


def test_what_a_killed_replacement_has_left_goes_with_the_next_fetch(place: Path) -> None:
    assert main(["fetch", "play", "--mirror", "mirror"]) == 0
    left = place / "data/.partial/play"
    left.mkdir(parents=True)
    (left / "play.txt").write_text("the corpus of before")
    assert main(["fetch", "play"]) == 0
    assert contents(place / "data") == ["play/play.txt"]


def test_a_corpus_that_is_in_use_is_not_forgotten(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the catalogue: only where its files are not here and nothing that is switched on reads it."""
    assert main(["fetch", "mine"]) == 0
    pinned = (place / "data.dvc").read_bytes()
    assert main(["forget", "mine"]) == 1
    assert "its pin is in nobody's way; take its entry out of" in capsys.readouterr().err
    shutil.rmtree(place / "data/mine")
    (place / "params/mine.yaml").write_text("ingest: {mine: {}}\n")
    (place / "dvc.yaml").write_text("vars: [params/mine.yaml]\n")
    assert main(["forget", "mine"]) == 1
    assert "python -m tasks disable mine" in capsys.readouterr().err
    assert (place / "data.dvc").read_bytes() == pinned
    (place / "dvc.yaml").write_text("vars: []\n")
    assert main(["forget", "mine"]) == 0
    assert _pins.folders(place / "data.dvc") == []


def test_fetches_into_one_folder_wait_for_each_other_whatever_pins_they_write(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    holds = (
        "import sys; from pathlib import Path; from tasks.runtime.locks import lock, path_for\n"
        "with lock(path_for(Path('data')).with_name('data-mine.lock')): print('held', flush=True); sys.stdin.read()"
    )
    given = os.environ | {"PYTHONPATH": str(CATALOGUE.parents[1])}
    waiting = subprocess.Popen([sys.executable, "-c", holds], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=given)
    with waiting:
        assert waiting.stdout
        assert waiting.stdout.readline() == b"held\n"
        monkeypatch.setenv("MALMOI_LOCK_TIMEOUT", "0")
        (place / "elsewhere").mkdir()
        assert main(["fetch", "mine", "--pins", "elsewhere/pins.dvc"]) == 1
        assert not (place / "data/mine").exists()


def test_a_source_that_was_replaced_by_an_older_file_is_told(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fetch", "mine"]) == 0
    new = place / "own/new.txt"
    new.write_text(CONTENT.replace("S", "Z"))
    os.utime(new, (1, 1))  # as unzip and `cp -p` leave it
    new.replace(place / "own/mine.txt")
    capsys.readouterr()
    assert main(["corpora"]) == 0
    line = next(line for line in capsys.readouterr().out.splitlines() if line.strip().startswith("mine"))
    assert "present" not in line
