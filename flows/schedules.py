"""params/schedule.yaml: which flow runs when, in which time zone, and who is told of failures."""

import re
from dataclasses import field
from pathlib import Path
from typing import Any

from prefect.client.schemas.schedules import CronSchedule
from pydantic import ValidationError

from malmoi import config
from malmoi.config import ConfigError, params

PATH = Path("params/schedule.yaml")
BLOCK = re.compile(r"[a-z0-9-]+")  # what Prefect takes as a name of a block document
FLOWS = {"retrain": "flows.retrain.retrain", "sweep": "flows.sweeping.sweep", "freshness": "flows.freshness.freshness"}


@params
class Entry:
    """cron: minute, hour, day, month, weekday; late: seconds after which a run that could not start is given up. parameters: the flow's."""

    cron: str
    late: float = 6 * 3600.0
    parameters: dict[str, Any] = field(default_factory=dict)


@params
class Schedules:
    """flows: by name. timezone: of all cron lines. notify: name of the Prefect webhook block that failures go to."""

    flows: dict[str, Entry]
    timezone: str = "Asia/Seoul"
    notify: str = "malmoi"

    def cron(self, name: str) -> CronSchedule:
        """When a flow runs, as Prefect has it. Raises pydantic's ValidationError where cron line or time zone are none."""
        return CronSchedule(cron=self.flows[name].cron, timezone=self.timezone)


def read(path: Path = PATH) -> Schedules:
    """Read and check the file. Raises ConfigError, naming the place."""
    if not path.exists():
        raise ConfigError(f"{path}: no such file; it says which flows run when (see README)")
    schedules = config.read(Schedules, config.load(path), str(path))
    if not BLOCK.fullmatch(schedules.notify):  # not repeated: an address of a webhook is a secret, and this file is committed
        raise ConfigError(
            f"{path}: notify: should be the name of a Prefect block (small letters, digits, dashes), as malmoi. The webhook's address does "
            "not belong into a file that is committed: python -m flows.notify asks for it"
        )
    if unknown := sorted(set(schedules.flows) - set(FLOWS)):
        raise ConfigError(f"{path}: flows.{unknown[0]}: there is no such flow; there are: {', '.join(FLOWS)}")
    for name in schedules.flows:
        try:
            schedules.cron(name)
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            raise ConfigError(f"{path}: flows.{name}: {said}; cron is as '30 2 * * *' (02:30 every day), timezone as Asia/Seoul") from None
    return schedules
