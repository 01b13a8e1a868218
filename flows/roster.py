"""`python -m flows.roster tls://SCHEDULER:8786`: which workers are there, and what each is at. Exit status 1 where there are none."""

import argparse
import sys
from collections.abc import Sequence

from flows.commands import Stop
from flows.fleet import connect
from flows.needs import here
from flows.workers import names
from tasks.runtime import output


def main(given: Sequence[str] | None = None) -> int:
    """Returns 1 where no scheduler answers or no worker is there."""
    from dvc.exceptions import DvcException

    parser = argparse.ArgumentParser("python -m flows.roster", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("url", help="of the Dask scheduler, as tls://10.0.0.5:8786")
    parser.add_argument("--here", action="store_true", help="only workers of this machine, and of this container where it is one")
    options = parser.parse_args(given)
    try:
        client = connect(options.url, here(1), Stop()).client
    except DvcException as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    try:
        workers, tasks = client.scheduler_info(n_workers=-1)["workers"], client.processing()
    finally:
        client.close()
    there = {str(one["name"]): tasks.get(address, ()) for address, one in workers.items()}
    found = {name: keys for name, keys in there.items() if not options.here or names.here(name)}
    for name, keys in sorted(found.items()):
        print(f"{name}: {', '.join(key.rpartition('-')[0] for key in keys) or 'waiting for a stage'}")
    if not found:
        print(f"no worker is there; start one: python -m flows.worker {options.url}", file=sys.stderr)
    return 0 if found else 1


if __name__ == "__main__":
    sys.exit(output.run(main))
