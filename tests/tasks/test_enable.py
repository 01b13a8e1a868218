"""Switching the experiments of a corpus on and off: one line of dvc.yaml, nothing else."""

import unicodedata
from pathlib import Path

import pytest

from malmoi.config import ConfigError
from tasks import disable, enable
from tasks._switch import missing, switch

PIPELINE = b"""\
# order\r
vars:
  - params/experiments/bills.yaml
  # - params/experiments/nsmc.yaml  # large
  #- params/experiments/sst2.yaml

stages: {}  # - params/experiments/bills.yaml stays a comment
"""


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    folder = tmp_path / "params/experiments"
    folder.mkdir(parents=True)
    for name in ("bills", "nsmc", "sst2", "own"):
        (folder / f"{name}.yaml").write_text(f"ingest:\n  {name}: {{language: ko}}\n")
    path = tmp_path / "dvc.yaml"
    path.write_bytes(PIPELINE)
    path.chmod(0o640)
    return path


def test_on_and_off_again_gives_the_same_bytes(pipeline: Path) -> None:
    assert switch("nsmc", pipeline, on=True)
    assert pipeline.read_bytes() == PIPELINE.replace(b"# - params/experiments/nsmc", b"- params/experiments/nsmc")
    assert pipeline.stat().st_mode & 0o777 == 0o640
    assert not switch("nsmc", pipeline, on=True)
    assert switch("nsmc", pipeline, on=False)
    assert pipeline.read_bytes() == PIPELINE
    assert [file.name for file in pipeline.parent.iterdir() if file.is_file()] == ["dvc.yaml"]


def test_a_comment_without_a_space_is_understood(pipeline: Path) -> None:
    switch("sst2", pipeline, on=True)
    assert b"\n  - params/experiments/sst2.yaml\n" in pipeline.read_bytes()


def test_a_new_file_gets_a_line(pipeline: Path) -> None:
    assert switch("own", pipeline, on=True)
    assert b"#- params/experiments/sst2.yaml\n  - params/experiments/own.yaml\n\nstages" in pipeline.read_bytes()


def test_an_unknown_name_is_told_what_there_is(pipeline: Path) -> None:
    with pytest.raises(ConfigError, match=r"no nscm.yaml; did you mean 'nsmc'\? there are: bills, nsmc, own, sst2"):
        switch("nscm", pipeline, on=True)


def test_the_last_one_stays_on(pipeline: Path) -> None:
    with pytest.raises(ConfigError, match="bills is the only one"):
        switch("bills", pipeline, on=False)
    assert pipeline.read_bytes() == PIPELINE


def test_other_files_that_are_listed_are_switched_too(pipeline: Path) -> None:
    before = pipeline.read_bytes()
    pipeline.write_bytes(before.replace(b"stages:", b"  # - params/probes.yaml\nstages:", 1))
    assert switch("probes", pipeline, on=True)
    assert b"\n  - params/probes.yaml\n" in pipeline.read_bytes()
    assert missing("probes", pipeline, pipeline.parent / "data") == []
    assert switch("probes", pipeline, on=False)
    assert pipeline.read_bytes() == before.replace(b"stages:", b"  # - params/probes.yaml\nstages:", 1)


def test_elsewhere_there_is_nothing_to_switch(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="project's root"):
        switch("bills", tmp_path / "dvc.yaml", on=True)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(ConfigError, match="lists no file"):
        switch("bills", tmp_path / "dvc.yaml", on=True)


def test_it_says_what_it_did_and_what_is_missing(pipeline: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "data/bills").mkdir(parents=True)
    enable.run(["bills", "nsmc"], pipeline, tmp_path / "data")
    disable.run(["nsmc"], pipeline)
    said = capsys.readouterr().out
    assert "bills: was on already" in said
    assert "nsmc: switched on" in said
    assert "python -m tasks fetch nsmc" in said
    assert "fetch bills" not in said
    assert "nsmc: switched off" in said
    assert missing("bills", pipeline, tmp_path / "data") == []


def test_a_hangul_name_is_switched_like_any_other(pipeline: Path) -> None:
    (pipeline.parent / "params/experiments/리뷰.yaml").write_text("ingest: {리뷰: {}}\n", encoding="utf-8")
    assert switch("리뷰", pipeline, on=True)
    assert not switch("리뷰", pipeline, on=True)
    assert pipeline.read_bytes().count("리뷰".encode()) == 1
    assert switch("리뷰", pipeline, on=False)
    assert "\n  # - params/experiments/리뷰.yaml\n".encode() in pipeline.read_bytes()


def test_a_file_whose_name_is_in_nfd_is_told(pipeline: Path) -> None:
    (pipeline.parent / f"params/experiments/{unicodedata.normalize('NFD', '리뷰')}.yaml").write_text("ingest: {}\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="in parts"):
        switch("리뷰", pipeline, on=True)
    assert pipeline.read_bytes() == PIPELINE


def test_a_pipeline_that_is_not_in_order_is_left_alone(pipeline: Path) -> None:
    pipeline.write_bytes(PIPELINE + b"\tx: 1\n")
    with pytest.raises(ConfigError, match="a tab stands in front of a key"):
        switch("nsmc", pipeline, on=True)
    assert pipeline.read_bytes() == PIPELINE + b"\tx: 1\n"
