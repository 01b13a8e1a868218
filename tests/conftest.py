"""What tests of several rooms share, and what keeps tests that run side by side (`-n`) out of each other's way."""

import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import pytest
from tiny import Tiny

from malmoi.processor import cores, memory
from tasks.runtime import watchdog

STARTED = "STARTED_BY_TESTS"  # environment variable: the mark of all that a process of tests starts, in whatever session or group it is
MEMORY = 3 * 2**30  # bytes for each process of tests: TensorFlow, Java, and the servers and stages that a test starts


def pytest_configure(config: pytest.Config) -> None:
    """A home of its own for each process, not a person's and not another's; here, since Prefect reads its settings when it is imported.

    Whatever a test starts ends with this process: fixtures end it, also after Ctrl-C; where they cannot (kill -9, a second Ctrl-C, a
    worker that pytest-xdist ends), a watchdog does.
    """
    signal.signal(signal.SIGTERM, _stop)
    home = tempfile.TemporaryDirectory(prefix="malmoi-tests-", ignore_cleanup_errors=True)
    config.add_cleanup(home.cleanup)
    _guard(config)
    for name in ("PREFECT_HOME", "DVC_SITE_CACHE_DIR", "DVC_GLOBAL_CONFIG_DIR"):
        os.environ[name] = str(Path(home.name) / name.lower())


def _guard(config: pytest.Config) -> None:
    dog = watchdog.Watchdog(STARTED)
    dog.start()
    os.environ[STARTED] = dog.mark  # not this process's own mark: its environment, as others see it, is the one that it began with

    def end() -> None:
        watchdog.end_marked(dog.mark, STARTED)
        dog.close()

    config.add_cleanup(end)


def _stop(number: int, frame: FrameType | None) -> None:
    """SIGTERM is as Ctrl-C: fixtures end the servers that they have started. Who is at it is not disturbed again."""
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, signal.SIG_IGN)
    raise KeyboardInterrupt


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Processes for `-n auto`: half as many again as there are cores, since many tests wait for servers, and as there is memory for."""
    return int(os.environ.get("PYTEST_XDIST_AUTO_NUM_WORKERS", 0)) or max(1, min(cores() * 3 // 2, memory() // MEMORY))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Side by side, files with long tests begin first, so that at the end no core waits for one of them."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        long = {item.path for item in items if item.get_closest_marker("long")}
        items.sort(key=lambda item: item.path not in long)


@pytest.fixture(scope="session", autouse=True)
def no_token_cache() -> Iterator[None]:
    """No test sees what another, or a person's own run, has cut before."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MALMOI_TOKEN_CACHE", "off")
    yield
    patch.undo()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """Tiny corpora that the real stages are run on, without MLflow."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MALMOI_TRACKING", "off")
    yield Tiny(tmp_path_factory.mktemp("tiny"))
    patch.undo()
