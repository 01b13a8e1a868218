"""The cores and the memory that a process may use."""

import os
from pathlib import Path

import pytest

from malmoi import processor
from malmoi.processor import cores, memory

MIB = 2**20
V2, V1 = "0::/team/job\n", "5:memory:/team/job\n4:cpu,cpuacct:/team/job\n0::/\n"


def group(folder: Path, monkeypatch: pytest.MonkeyPatch, ours: str, files: dict[str, str]) -> None:
    """A process whose control groups say what `files` say, on a machine of eight cores."""
    (folder / "ours").write_text(ours)
    for name, text in files.items():
        (folder / "groups" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "groups" / name).write_text(text)
    monkeypatch.setattr(processor, "OURS", folder / "ours")
    monkeypatch.setattr(processor, "GROUPS", folder / "groups")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)))


def test_a_process_that_was_bound_to_one_core_has_one() -> None:
    allowed = os.sched_getaffinity(0)
    assert cores() == len(allowed)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert cores() == 1
    finally:
        os.sched_setaffinity(0, allowed)


def test_where_nothing_is_bound_all_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(processor, "OURS", Path("/nowhere"))
    monkeypatch.setattr(os, "cpu_count", lambda: 12)
    assert cores() == 12


@pytest.mark.parametrize(
    ("ours", "files", "wanted"),
    [
        (V2, {"team/job/memory.max": f"{512 * MIB}\n", "team/job/cpu.max": "250000 100000\n"}, (3, 512 * MIB)),
        (V2, {"team/job/memory.max": "max\n", "team/job/cpu.max": "max 100000\n", "team/memory.max": f"{64 * MIB}\n"}, (8, 64 * MIB)),
        (V2, {"team/job/cpu.max": "400000 100000\n", "team/cpu.max": "50000 100000\n"}, (1, None)),
        (V2, {"memory.max": f"{96 * MIB}\n", "cpu.max": "200000 100000\n"}, (2, 96 * MIB)),  # a container without a namespace of its own
        ("0::/\n", {"memory.max": f"{96 * MIB}\n", "cpu.max": "200000 100000\n"}, (2, 96 * MIB)),
        (
            V1,
            {
                "memory/team/job/memory.limit_in_bytes": "9223372036854771712\n",
                "memory/team/memory.limit_in_bytes": f"{128 * MIB}\n",
                "cpu/team/job/cpu.cfs_quota_us": "400000\n",
                "cpu/team/job/cpu.cfs_period_us": "100000\n",
            },
            (4, 128 * MIB),
        ),
        (V1, {"cpu/team/job/cpu.cfs_quota_us": "-1\n", "cpu/team/job/cpu.cfs_period_us": "100000\n"}, (8, None)),
        (V2, {"team/job/cpu.max": "\n", "team/job/memory.max": "much\n"}, (8, None)),
    ],
)
def test_the_smallest_limit_of_its_control_groups_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ours: str, files: dict[str, str], wanted: tuple[int, int | None]
) -> None:
    group(tmp_path, monkeypatch, ours, files)
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert (cores(), memory()) == (wanted[0], wanted[1] or machine)


def test_a_run_and_the_java_workers_go_by_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from flows.needs import here
    from malmoi.tokenizers._java import most_workers

    group(tmp_path, monkeypatch, V2, {"team/job/memory.max": f"{4096 * MIB}\n"})
    assert (here(0).jobs, here(0).memory) == (2, 4096 * MIB)
    assert most_workers(heap_mb=512) == 4
