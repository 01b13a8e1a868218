"""Tokens remembered by content: any token, any number of processes, bounded, never another maker's."""

import fcntl
import os
import sqlite3
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from malmoi.token_cache import TokenCache
from malmoi.token_file import ENDING, TokenFile

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def cache(tmp_path: Path) -> TokenCache:
    return TokenCache(tmp_path / "tokens", 64)


def test_what_was_put_is_got_in_order_and_the_rest_is_not_known(cache: TokenCache) -> None:
    texts = [f"글 {n}" for n in range(1201)]
    cache.put("okt", texts, [["글", str(n)] for n in range(1201)])
    asked = ["\ud800", *reversed(texts), texts[0]]
    assert cache.get("okt", asked) == [None, *(["글", str(n)] for n in reversed(range(1201))), ["글", "0"]]
    assert cache.get("okt", []) == []


def test_another_maker_knows_nothing(cache: TokenCache) -> None:
    cache.put("one", ["말을"], [["말", "을"]])
    assert cache.get("two", ["말을"]) == [None]
    cache.put("two", ["말을"], [["말을"]])
    assert cache.get("one", ["말을"]) == [["말", "을"]]


def test_it_is_there_for_the_next_process(cache: TokenCache, tmp_path: Path) -> None:
    cache.put("okt", ["말을"], [["말", "을"]])
    assert TokenCache(tmp_path / "tokens", 64).get("okt", ["말을"]) == [["말", "을"]]
    cache.close()
    assert cache.get("okt", ["말을"]) == [["말", "을"]]


WRITER = """
import sys
from pathlib import Path
from malmoi.token_cache import TokenCache
cache = TokenCache(Path(sys.argv[1]), 64)
first = int(sys.argv[2])
for start in range(first, first + 3000, 100):
    texts = [f"text {n}" for n in range(start, start + 100)]
    cache.put("okt", texts, [[text, "x" * 20] for text in texts])
"""


def test_two_processes_write_at_once(cache: TokenCache, tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "tokens")]
    writers = [subprocess.Popen([*command, first], cwd=ROOT, stderr=subprocess.PIPE) for first in ("0", "1500")]  # half is the same
    assert [(writer.communicate()[1], writer.returncode) for writer in writers] == [(b"", 0)] * 2
    texts = [f"text {n}" for n in range(4500)]
    assert cache.get("okt", texts) == [[text, "x" * 20] for text in texts]


def test_threads_share_it(cache: TokenCache) -> None:
    def work(thread: int) -> None:
        for n in range(20):
            cache.put("okt", [f"{thread} {n}"], [[str(thread), str(n)]])
            found.append(cache.get("okt", [f"{thread} {n}"]) == [[str(thread), str(n)]])

    found: list[bool] = []
    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80


def size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def fill(cache: TokenCache, maker: str, texts: int) -> None:
    for start in range(0, texts, 200):
        part = [f"{maker} {n}" for n in range(start, start + 200)]
        cache.put(maker, part, [[text, long(text)] for text in part])


def long(text: str) -> str:
    """300 characters of its own, since a word that texts have in common is written once."""
    return f"{text:x>300}"


def test_a_full_file_takes_no_more_and_still_answers(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    cache = TokenCache(tmp_path, 1)
    fill(cache, "own", 6000)  # 1.8 MB
    assert size(tmp_path) < 1.2 * 2**20
    known = [tokens is not None for tokens in cache.get("own", [f"own {n}" for n in range(6000)])]
    assert known[:400] == [True] * 400
    assert not known[-1]
    assert caplog.text.count("is full; MALMOI_TOKEN_CACHE_MB sets a greater limit") == 1


def test_others_make_room_the_longest_unused_first(tmp_path: Path) -> None:
    for age, maker in enumerate(("young", "middle", "old")):
        before = TokenCache(tmp_path, 8)
        fill(before, maker, 800)  # 0.27 MB each
        before.close()
        os.utime(tmp_path / f"{maker}{ENDING}", (1_000_000_000 - age, 1_000_000_000 - age))
    fill(TokenCache(tmp_path, 1), "new", 600)
    assert {path.name.removesuffix(ENDING) for path in tmp_path.glob("*.sqlite")} == {"young", "middle", "new"}
    assert not (tmp_path / "old.2.lock").exists()


def test_a_file_in_use_stays(tmp_path: Path) -> None:
    user = TokenCache(tmp_path, 8)
    fill(user, "used", 2600)
    new = TokenCache(tmp_path, 1)
    fill(new, "new", 400)
    assert user.get("used", ["used 0"]) == [["used 0", long("used 0")]]
    assert new.get("new", ["new 0"]) == [None]
    user.close()
    another = TokenCache(tmp_path, 1)
    fill(another, "new", 400)
    assert another.get("new", ["new 0"]) == [["new 0", long("new 0")]]
    assert not (tmp_path / f"used{ENDING}").exists()


def test_files_of_the_first_version_are_not_read_and_go_first(tmp_path: Path) -> None:
    old = tmp_path / "new.1.sqlite"
    old.write_bytes(b"x" * 900_000)
    os.utime(old, (1_000_000_000, 1_000_000_000))
    with open(tmp_path / "new.lock", "w") as held:  # as a process of that version does
        fcntl.flock(held, fcntl.LOCK_SH)
        cache = TokenCache(tmp_path, 1)
        fill(cache, "new", 400)
        assert cache.get("new", ["new 0"]) == [None]
        assert old.exists()
        cache.close()
    fill(cache, "new", 400)
    assert cache.get("new", ["new 0"]) == [["new 0", long("new 0")]]
    assert sorted(path.name for path in tmp_path.glob("*") if "sqlite-" not in path.name) == [f"new{ENDING}", "new.2.lock", "lock"][::-1]


def test_not_as_many_documents_as_texts_is_an_error(cache: TokenCache) -> None:
    with pytest.raises(ValueError, match="2 texts and 1 documents"):
        cache.put("okt", ["말", "글"], [["말"]])
    assert cache.get("okt", ["말"]) == [None]


def damage(path: Path, how: str) -> None:
    content = path.read_bytes()
    if how == "cut short":
        path.write_bytes(content[: len(content) // 2])
    elif how == "no database":
        path.write_bytes(b"not a database at all" * 100)
    elif how == "other columns":
        path.write_bytes(content.replace(b"blocks (number", b"blocks (numbex"))
    else:
        path.write_bytes(content.replace(b"x" * 50, b"x" * 49 + b"y"))


@pytest.mark.parametrize("how", ["cut short", "no database", "other columns", "other bytes"])
def test_a_damaged_file_is_begun_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture, how: str) -> None:
    before = TokenCache(tmp_path, 64)
    fill(before, "okt", 1000)
    before.close()
    damage(tmp_path / f"okt{ENDING}", how)
    cache, texts = TokenCache(tmp_path, 64), [f"okt {n}" for n in range(1000)]
    assert cache.get("okt", texts) == [None] * 1000
    assert "was damaged" in caplog.text
    assert len(caplog.records) == 1
    cache.put("okt", texts[:1], [["말"]])
    assert cache.get("okt", texts[:2]) == [["말"], None]


def test_a_folder_that_cannot_be_written_means_no_cache(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = TokenCache(tmp_path / "file" / "tokens", 64)
    cache.put("okt", ["말"], [["말"]])
    assert cache.get("okt", ["말"]) == [None]
    assert [record.getMessage()[:25] for record in caplog.records] == ["warning: no token cache i"]


def test_a_full_disk_means_no_cache(cache: TokenCache, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    def full(*_: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(TokenFile, "write", full)
    cache.put("okt", ["말"], [["말"]])
    cache.put("okt", ["말"], [["말"]])
    assert cache.get("okt", ["말"]) == [None]
    assert caplog.text.count("disk is full") == 1
