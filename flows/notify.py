"""`python -m flows.notify URL`: failures of flows are told to a webhook (Slack, Teams, Mattermost, your own).

The address is kept in Prefect as a webhook block, whose name is `notify` in params/schedule.yaml. A flow that fails, crashes or finds the
champion stale sends {"text": what and why, "flow", "run", "state", "url"}.
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from typing import Any

import httpx
from prefect.blocks.webhook import Webhook
from prefect.logging import get_logger
from prefect.settings import PREFECT_UI_URL

from flows import schedules
from malmoi.config import ConfigError
from tasks.runtime import output


async def failed(flow: Any, run: Any, state: Any) -> None:
    """A flow's `on_failure` and `on_crashed`. Never raises: a notification that cannot be sent is a line in the log."""
    logger = get_logger("malmoi.notify")
    try:
        name = schedules.read().notify
        await _send(name, message(flow.name, run, state))
    except ConfigError as error:
        logger.warning("nobody was told: %s", error)
    except ValueError:
        logger.warning("nobody was told: Prefect has no webhook block %r; make it: python -m flows.notify https://...", name)
    except (httpx.HTTPError, RuntimeError) as error:
        logger.warning("nobody was told: the webhook %r does not answer: %s", name, error)


def message(flow: str, run: Any, state: Any) -> dict[str, str]:
    """What is sent."""
    address = f"{PREFECT_UI_URL.value() or ''}/runs/flow-run/{run.id}"
    said = (state.message or "no reason was given").strip()
    text = f"{flow} ({run.name}): {state.name}. {said}\n{address}"
    return {"text": text, "flow": flow, "run": str(run.id), "state": state.name, "url": address}


async def _send(block: str, payload: dict[str, str]) -> None:
    """Raises ValueError where there is no such block, httpx.HTTPError where its address does not answer well."""
    webhook: Any = await Webhook.aload(block)
    (await webhook.call(payload)).raise_for_status()


def main(given: Sequence[str] | None = None) -> int:
    """Save the block and send a first message. Returns 1 where that does not arrive."""
    parser = argparse.ArgumentParser("python -m flows.notify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="where messages are posted to, as JSON")
    options = parser.parse_args(given)
    name = schedules.read().notify
    Webhook(url=options.url).save(name, overwrite=True, _sync=True)
    try:
        asyncio.run(_send(name, {"text": "Malmoi: failures of flows will be told here."}))
    except httpx.HTTPError as error:
        print(f"error: saved as {name}, but it does not answer: {error}", file=sys.stderr)
        return 1
    print(f"saved as webhook block {name}; a first message was sent")
    return 0


if __name__ == "__main__":
    sys.exit(output.run(main))
