"""A reference endpoint on loopback, and the real SDK that speaks to it."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import openai
import pytest

from harness.reference.faults import Options
from harness.reference.serve import listen
from harness.reference.server import Endpoint


@dataclass
class Line:
    """One running endpoint as a caller sees it."""

    url: str
    http: aiohttp.ClientSession
    sdk: openai.AsyncOpenAI

    async def chat(self, user: str, *, system: str = "", model: str = "reference-base", **more: Any) -> Any:
        """One chat completion through the SDK."""
        messages = [{"role": "system", "content": system}] if system else []
        messages += [{"role": "user", "content": user}]
        extra = {"reference": more.pop("reference", {})}
        return await self.sdk.chat.completions.create(
            model=model, messages=messages, extra_body=extra, **more
        )

    async def stats(self) -> dict[str, Any]:
        """The endpoint's own counters."""
        async with self.http.get(f"{self.url}/stats") as reply:
            return await reply.json()


@asynccontextmanager
async def running(
    *,
    train: list[dict[str, Any]] | None = None,
    schema: dict[str, Any] | None = None,
    time_scale: float = 0.0,
) -> AsyncIterator[Line]:
    """Start an endpoint on a free port; time_scale 0 answers at once."""
    endpoint = Endpoint(train=train or [], schema=schema, defaults=Options(time_scale=time_scale))
    opened: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    done = asyncio.Event()
    task = asyncio.create_task(listen(endpoint, port=0, opened=opened.set_result, until=done.wait))
    url = f"http://127.0.0.1:{await opened}"
    try:
        async with (
            aiohttp.ClientSession() as http,
            openai.AsyncOpenAI(
                base_url=f"{url}/v1", api_key="none", max_retries=0, http_client=openai.DefaultAioHttpClient()
            ) as sdk,
        ):
            yield Line(url=url, http=http, sdk=sdk)
    finally:
        done.set()
        await task


@pytest.fixture(scope="session")
def serving() -> Callable[..., Any]:
    """How to start an endpoint: a context manager that gives its Line."""
    return running
