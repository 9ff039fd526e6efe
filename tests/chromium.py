"""
A headless Chromium, the system's own, for tests of pages.
"""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, async_playwright

from tests.waiting import PATIENCE_S

# No first run, no updates, no look-ups: nothing but what the test opens.
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """
    Run one for the time of the block.
    """
    async with async_playwright() as playwright:
        running = await playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS), timeout=PATIENCE_S * 1000
        )
        yield running
        await running.close()
