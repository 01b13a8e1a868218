"""When flows run: the file that says it, what is wrong with a wrong one, and that prefect.yaml says the same."""

from pathlib import Path

import pytest
import yaml

from flows import schedules
from flows.advance import Advance
from malmoi.config import ConfigError

ROOT = Path(__file__).resolve().parents[2]


def test_ours_can_be_read_and_prefect_yaml_says_the_same() -> None:
    found = schedules.read(ROOT / "params/schedule.yaml")
    assert set(found.flows) == set(schedules.FLOWS)
    assert found.timezone == "Asia/Seoul"
    deployed = {
        Path(one["entrypoint"].split(":")[0]).stem: one for one in yaml.safe_load((ROOT / "prefect.yaml").read_text())["deployments"]
    }
    for name, entry in found.flows.items():
        module = schedules.FLOWS[name].split(".")[1]
        schedule = deployed[module]["schedules"][0]
        assert (schedule["cron"], schedule["timezone"]) == (entry.cron, found.timezone)
        assert deployed[module].get("parameters", {}) == entry.parameters


def test_every_flow_takes_the_parameters_of_its_entry() -> None:
    from importlib import import_module

    for name, entry in schedules.read(ROOT / "params/schedule.yaml").flows.items():
        module, _, function = schedules.FLOWS[name].rpartition(".")
        flow = getattr(import_module(module), function)
        assert set(entry.parameters) <= set(flow.parameters.properties)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("flows: {retrain: {cron: often}}", "flows.retrain: .*often"),
        ("flows: {retrain: {cron: 0 2 * * *}}\ntimezone: Mars/Olympus", "timezone"),
        ("flows: {nightly: {cron: 0 2 * * *}}", "flows.nightly: there is no such flow; there are: retrain, sweep, freshness"),
        ("flows: {retrain: {corn: 0 2 * * *}}", "corn"),
        ("flows: [", "not valid YAML"),
        ("notify: !!int x", "not of the kind"),
        ("", "found nothing"),
    ],
)
def test_a_wrong_file_says_where(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "schedule.yaml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        schedules.read(tmp_path / "schedule.yaml")


def test_no_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such file"):
        schedules.read(tmp_path / "schedule.yaml")


def test_progress_is_read_from_what_stages_say() -> None:
    advance = Advance("train@x")
    said = [
        "x seed 1: epoch 1, batch 50/100, loss 2.0",  # of how many epochs is not known yet
        "x seed 1: epoch 1/4, train_loss 2.0, valid_loss 2.1, 3.0 s, about 9 s left",
        "x seed 1: epoch 2, batch 50/100, loss 1.9, about 2 s left of the epoch",
        "tokens x: train: 28,416 of 56,832 rows, 2,775 rows/s",
        "word2vec: pass 2 of 5 over 100 texts",
        "nothing of the kind",
    ]
    assert [advance.read(line) for line in said] == [None, 25.0, 37.5, 50.0, 40.0, None]


@pytest.mark.parametrize("notify", ["https://hooks.example.org/s3cret", "'hooks.example.org/s3cret'", "'s3cret block'", "''"])
def test_an_address_in_the_file_is_refused_and_not_repeated(tmp_path: Path, notify: str) -> None:
    path = tmp_path / "schedule.yaml"
    path.write_text(f"flows: {{}}\nnotify: {notify}\n")
    with pytest.raises(ConfigError, match=r"schedule\.yaml: notify: .*python -m flows\.notify asks for it") as caught:
        schedules.read(path)
    assert "s3cret" not in str(caught.value)
