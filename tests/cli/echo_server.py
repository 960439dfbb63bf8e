"""A chat endpoint that repeats what follows `say ` in the last message, after a pause, and counts who asked what.

Run as a script: it prints its port, and serves until it is killed or stdin ends. It stands in a process
group of its own, so that it outlives the run that is killed.
"""

import asyncio
import json
import sys
from collections import Counter
from typing import Any

ASKED: Counter[str] = Counter()
"""What was asked, by `variant's system message / user's message`."""


def answer(body: dict[str, Any]) -> dict[str, Any]:
    """One completion, with usage."""
    asked = body["messages"][-1]["content"]
    text = asked.partition("say ")[2]
    usage = {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return {
        "id": "c-1",
        "object": "chat.completion",
        "created": 1,
        "model": body["model"],
        "choices": [choice],
        "usage": usage,
    }


async def exchange(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pause_s: float) -> None:
    """Answer the requests of one connection, until it is closed or torn."""
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            length = next(
                (
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if b"content-length" in line
                ),
                0,
            )
            raw = await reader.readexactly(length)
            if head.startswith(b"GET /asked"):
                reply = json.dumps(ASKED)
            else:
                body = json.loads(raw)
                system, user = body["messages"][0]["content"].strip(), body["messages"][-1]["content"]
                ASKED[f"{system} / {user}"] += 1
                await asyncio.sleep(pause_s)
                reply = json.dumps(answer(body))
            content = reply.encode()
            lead = (
                f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
            )
            writer.write(lead.encode() + content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve(pause_s: float) -> None:
    """Serve until stdin ends."""
    server = await asyncio.start_server(lambda r, w: exchange(r, w, pause_s), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
