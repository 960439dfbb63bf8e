"""Running the endpoint: by hand until Ctrl-C, or as a child until its parent lets go."""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from harness.errors import Fault, UsageError
from harness.reference.faults import Options, parse_faults
from harness.reference.server import Endpoint

HOST = "127.0.0.1"


def options_from_flags(faults: str, time_scale: float) -> Options:
    """Read the two flags. Raises UsageError."""
    try:
        shares = parse_faults(faults)
    except ValueError as error:
        raise UsageError(
            Fault(where="--faults", what=str(error), next="write it as 429:0.1,500:0.05")
        ) from None
    if not time_scale >= 0:
        raise UsageError(
            Fault(
                where="--time-scale",
                what=f"{time_scale} is below 0",
                next="0 answers at once, 1 is the declared pace",
            )
        )
    return Options(time_scale=time_scale, faults=shares)


def serve(
    *,
    port: int = 0,
    train: Sequence[Mapping[str, Any]] = (),
    schema: Mapping[str, Any] | None = None,
    faults: str = "",
    time_scale: float = 1.0,
) -> None:
    """Serve by hand until Ctrl-C or SIGTERM, and print the base_url.

    `port` 0 takes a free one. `train` holds {inputs, expected} rows and `schema` the answer's JSON Schema, for
    `reference-tuned`; without rows that model answers 404. Raises UsageError for a flag that cannot be read and
    for a port that is taken.
    """
    endpoint = Endpoint(train=train, schema=schema, defaults=options_from_flags(faults, time_scale))

    async def told() -> None:
        stop = asyncio.Event()
        with contextlib.suppress(NotImplementedError):
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await listen(endpoint, port=port, opened=_greet, until=stop.wait)

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(told())


def serve_child(endpoint: Endpoint, port: int) -> None:
    """Serve as a child: print `{"port": N}`, then until stdin ends or SIGTERM. Raises UsageError for a taken port."""

    async def told() -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(signal.SIGTERM, stop.set)

        def watch() -> None:
            # os.read holds no lock of Python's, so an exit by SIGTERM cannot meet this thread inside one.
            while os.read(0, 65536):
                pass
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(stop.set)

        threading.Thread(target=watch, daemon=True).start()
        await listen(endpoint, port=port, opened=_tell, until=stop.wait)

    asyncio.run(told())


def _tell(port: int) -> None:
    sys.stdout.write(f'{{"port": {port}}}\n')
    sys.stdout.flush()


def _greet(port: int) -> None:
    sys.stdout.write(f"reference endpoint at http://{HOST}:{port}/v1 (Ctrl-C ends it)\n")
    sys.stdout.flush()


async def listen(
    endpoint: Endpoint, *, port: int, opened: Callable[[int], None], until: Callable[[], Awaitable[Any]]
) -> None:
    """Listen on loopback, say on which port, and close when `until` returns. Raises UsageError for a taken port."""
    from aiohttp import web

    runner = web.AppRunner(endpoint.app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port, backlog=1024).start()
        except OSError as error:
            what = f"port {port} cannot be taken ({error.strerror})"
            raise UsageError(
                Fault(where="--port", what=what, next="take another one, or 0 for a free one")
            ) from None
        opened(int(runner.addresses[0][1]))
        await until()
    finally:
        await runner.cleanup()
