"""What `flows.serve` keeps running: puts the schedules into the Prefect server, and runs what is due.

Runs that a dead process has left are marked: those that were at work as Crashed, those whose time is long over, or that another one of the
same flow stands for, as Missed. Deployments that another folder serves are left alone: this one ends with status REFUSED.
"""

import asyncio
import os
import sys
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import UUID

from prefect import get_client
from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterDeploymentId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy, FlowRun, StateType
from prefect.client.schemas.responses import DeploymentResponse
from prefect.exceptions import ObjectNotFound
from prefect.flows import EntrypointType
from prefect.runner import Runner
from prefect.states import Cancelled, Crashed

from flows import schedules
from flows.scheduling import owner
from malmoi.config import ConfigError

NAME = "scheduled"  # of every deployment: retrain/scheduled, ...
REFUSED = 3  # exit status
LOOK = 60.0  # seconds between two looks at runs that are late
SOON = timedelta(seconds=30)  # a run is late when it has not begun so long after its time
AT_WORK = (StateType.RUNNING, StateType.PENDING, StateType.CANCELLING)


async def serve() -> None:
    """Until it is killed, or the server is gone for long. Raises ConfigError where another folder serves these deployments."""
    found, me = schedules.read(), owner.of_this(Path.cwd(), os.getppid())
    runner = Runner(name=f"malmoi-{os.getpid()}", pause_on_shutdown=False, limit=1)
    async with get_client() as client:
        deployments, ended = await _take(client, runner, found, me)
        for run in await _runs(client, ended, AT_WORK) if ended else ():
            await client.set_flow_run_state(run.id, Crashed(message="the process that ran it is gone"), force=True)
        await _tidy(client, deployments)
        tidying = asyncio.create_task(_keep_tidy(client, deployments, me))
        running = asyncio.create_task(runner.start())
        done, _ = await asyncio.wait({tidying, running}, return_when=asyncio.FIRST_COMPLETED)
        for task in (tidying, running):
            task.cancel()
        for task in done:
            task.result()


async def _take(
    client: PrefectClient, runner: Runner, found: schedules.Schedules, me: owner.Owner
) -> tuple[dict[UUID, schedules.Entry], list[UUID]]:
    """Make the deployments this folder's. Returns them, and those of which all that was at work is known to have ended.

    Raises ConfigError where somebody else serves one of them now; then none is changed.
    """
    async with owner.claim(client, me):
        before = {name: await _find(client, f"{name}/{NAME}") for name in found.flows}
        for name, deployment in before.items():
            if deployment and (other := owner.other_owner(deployment, me)):
                raise ConfigError(owner.refusal(f"{name}/{NAME}", other))
        deployments = {await _deployed(runner, found, name, me): entry for name, entry in found.flows.items()}
        await client.get_scheduled_flow_runs_for_deployments([*deployments], limit=1)  # so the server has heard of this process
    return deployments, [deployment.id for deployment in before.values() if deployment and owner.ended(deployment, me)]


async def _find(client: PrefectClient, name: str) -> DeploymentResponse | None:
    with suppress(ObjectNotFound):
        return await client.read_deployment_by_name(name)
    return None


async def _deployed(runner: Runner, found: schedules.Schedules, name: str, me: owner.Owner) -> UUID:
    """The flow with its schedule, one run at a time, in the server; a deployment that is there already is brought up to date."""
    module, _, function = schedules.FLOWS[name].rpartition(".")
    flow: Any = getattr(import_module(module), function)
    deployment = await flow.ato_deployment(
        NAME,
        schedules=[{"schedule": found.cron(name), "active": True}],
        parameters=found.flows[name].parameters,
        concurrency_limit=ConcurrencyLimitConfig(limit=1, collision_strategy=ConcurrencyLimitStrategy.ENQUEUE),
        entrypoint_type=EntrypointType.MODULE_PATH,
        tags=["malmoi", *me.tags],
    )
    return await runner.aadd_deployment(deployment)


async def _keep_tidy(client: PrefectClient, deployments: dict[UUID, schedules.Entry], me: owner.Owner) -> None:
    """Raises ConfigError where somebody else has begun to serve the deployments, as when both began at the same moment."""
    while True:
        await asyncio.sleep(LOOK)
        others = [owner.other_owner(await client.read_deployment(deployment), me) for deployment in deployments]
        for other in filter(None, others):
            raise ConfigError(owner.refusal("deployments", other))
        await _tidy(client, deployments)


async def _tidy(client: PrefectClient, deployments: dict[UUID, schedules.Entry]) -> None:
    """Give up runs that are late for too long, and all late ones of a flow but the newest."""
    now = datetime.now(UTC)
    for deployment, entry in deployments.items():
        waiting = await _runs(client, [deployment], (StateType.SCHEDULED,))
        for run, why in _missed(sorted((run for run in waiting if _time(run) < now - SOON), key=_time), entry, now):
            await client.set_flow_run_state(run.id, Cancelled(name="Missed", message=why), force=True)


def _missed(late: list[FlowRun], entry: schedules.Entry, now: datetime) -> list[tuple[FlowRun, str]]:
    """Which late runs, the oldest first, are given up, and why."""
    found = [(run, "a later run stands for it") for run in late[:-1]]
    if late and _time(late[-1]) < now - timedelta(seconds=entry.late):
        found.append((late[-1], f"it could not start within {entry.late:g} s"))
    return found


async def _runs(client: PrefectClient, deployments: list[UUID], states: tuple[StateType, ...]) -> list[FlowRun]:
    wanted = FlowRunFilter(
        deployment_id=FlowRunFilterDeploymentId(any_=deployments), state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(states)))
    )
    return await client.read_flow_runs(flow_run_filter=wanted, limit=200)


def _time(run: FlowRun) -> datetime:
    return run.expected_start_time or run.next_scheduled_start_time or datetime.now(UTC)


def main() -> int:
    """Returns REFUSED where another folder serves these deployments, said on stderr as the last line."""
    try:
        asyncio.run(serve())
    except ConfigError as error:
        print(error, file=sys.stderr)
        return REFUSED
    return 0


if __name__ == "__main__":
    sys.exit(main())
