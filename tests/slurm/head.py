"""Snakemake that checks its SLURM jobs every second: by default its intervals between checks grow."""

import asyncio

from snakemake.cli import main
from snakemake_interface_executor_plugins.executors.remote import RemoteExecutor


async def sleep(_):
    await asyncio.sleep(1)


RemoteExecutor.sleep = sleep
main()
