"""
Run the demo shop: `python -m loadtests.demo_shop --config FILE.json`.

One JSON line on standard output tells the address once the shop answers; SIGTERM and SIGINT stop it gracefully.
"""

import argparse
import asyncio
import json
import logging
import signal
import sys
from dataclasses import replace
from pathlib import Path

from aiohttp import web

from loadtests.demo_shop.database import ForeignDatabaseError
from loadtests.demo_shop.model import ShopModel, read_model
from loadtests.demo_shop.shop import build_shop
from waiting_room.errors import ConfigError
from waiting_room.open_files import raise_file_limit

EXIT_CONFIGURATION = 3
BACKLOG = 4_096
LAST_ANSWERS_S = 3.0


def main(arguments: list[str] | None = None) -> int:
    """
    Serve until a signal comes; 0 after a graceful stop, 3 when the configuration is invalid.
    """
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    options = _options(arguments)
    try:
        model = read_model(json.loads(options.config.read_text(encoding="utf-8")))
        if options.port is not None:
            model = replace(model, port=options.port)
        raise_file_limit()  # under overload every request in line holds a connection open: thousands of them
        asyncio.run(serve(model))
    except ConfigError as fault:
        sys.stderr.write(f"{options.config}: the shop's configuration is invalid:\n{fault}\n")
        return EXIT_CONFIGURATION
    except (OSError, ValueError, ForeignDatabaseError) as fault:
        sys.stderr.write(f"The shop cannot start with {options.config}: {fault}\n")
        return EXIT_CONFIGURATION
    return 0


async def serve(model: ShopModel) -> None:
    """
    Serve the model's shop until SIGTERM or SIGINT, then answer those in line and close.
    """
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    runner = web.AppRunner(build_shop(model), access_log=None, shutdown_timeout=LAST_ANSWERS_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, model.host, model.port, backlog=BACKLOG)
        await site.start()
        host, port = runner.addresses[0][:2]
        shown = f"[{host}]" if ":" in host else host
        ready = {"url": f"http://{shown}:{port}", "capacity_per_s": model.capacity_per_s}
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtests.demo_shop", description="Run the demo toy shop.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file with the shop's model")
    parser.add_argument("--port", type=int, help="port instead of the file's; 0 takes any free one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
