"""The built-in reading model: a child process on a free loopback port, spoken to as any OpenAI endpoint."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, ClassVar

import orjson

from harness.errors import Fault, RunIncomplete, UsageError
from harness.reference.declared import EMBED, LONGEST_ANSWER_TOKENS, MODELS, NOTE, PRICES, RERANK, VERSION
from harness.registry import PROVIDERS, load
from harness.text.canonical import digest
from harness.types.call import Reply, Request, Task
from harness.types.evalset import Example
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, Provider, ProviderKit

START_TIMEOUT_S = 60.0
FIT_TIMEOUT_S = 300.0
_TASKS: Mapping[str, Task] = {EMBED: "embed", RERANK: "rerank"}
"""What its models are for that do not answer."""


class Reference:
    """Starts the endpoint once a run and hands each call to the OpenAI provider."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer", "embed", "rerank"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = NOTE
    given: str = ""
    longest_answer_tokens: ClassVar[int | None] = LONGEST_ANSWER_TOKENS
    cacheable: ClassVar[bool] = True

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Starts nothing yet."""
        self._model = model
        self._kit = kit
        self._openai: Provider | None = None
        fitted = [] if model.model in (EMBED, RERANK) else [kit.schema, _learnt(kit.train)]
        self.given = digest([VERSION, *fitted])

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """The illustrative price that the endpoint declares; None for a model that it does not have."""
        return PRICES.get(model.model)

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """Keys that mean another endpoint, and models that do not answer."""
        del output, tools
        said = [
            key
            for key, value in {"api": model.api != "chat", "prompt_cache": model.prompt_cache}.items()
            if value
        ]
        what = "the built-in endpoint has no such key"
        keys = (Objection(key=key, what=f"{key}: {what}", next=f"leave {key} out") for key in said)
        return (*keys, *_of_model(model, "answer"))

    @classmethod
    def unfit(cls, model: ModelSpec, task: Task) -> Sequence[Objection]:
        """Each of its models is for one task."""
        return _of_model(model, task)

    async def open(self) -> None:
        """Start the child, unless a model of this run has, and connect to it."""
        child = await self._kit.share("reference", self._start)
        model = replace(
            self._model,
            provider="openai",
            base_url=self._model.base_url or f"http://127.0.0.1:{child.port}/v1",
            api_key_env=None,
            params={"seed": self._kit.seed, **self._model.params},
        )
        self._openai = load(PROVIDERS, "openai", what="provider")(model, self._kit)
        await self._openai.open()
        if self._model.base_url is None:
            await self._ready(f"{model.base_url}/models/{self._model.model}")

    async def close(self) -> None:
        """Close the connections; the child ends with the run."""
        if self._openai is not None:
            await self._openai.close()

    async def complete(self, request: Request) -> Reply:
        """Make one call. Raises CallError."""
        if self._openai is None:
            raise RuntimeError("complete before open")
        return await self._openai.complete(request)

    async def _ready(self, url: str) -> None:
        """Wait until the model is fitted: that is construction, and no call's time."""
        import aiohttp

        timeout = aiohttp.ClientTimeout(total=FIT_TIMEOUT_S)
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url) as answer:
            told = await answer.json()
        if answer.status != 200:
            raise UsageError(Fault(where=self._model.where, what=told["error"]["message"]))

    async def _start(self) -> "_Child":
        train = [{"inputs": row.inputs, "expected": row.expected} for row in self._kit.train]
        return await _Child.start({"train": train, "schema": self._kit.schema})


def _of_model(model: ModelSpec, task: Task) -> tuple[Objection, ...]:
    able = [name for name in MODELS if _TASKS.get(name, "answer") == task]
    if model.model in able:
        return ()
    what = f"{model.model} cannot {task}; of the built-in models {' and '.join(able)} can"
    return (Objection(key="model", what=what, next=f"write model: {able[0]}"),)


def _learnt(train: Sequence[Example]) -> list[Any]:
    return [[row.inputs, row.expected] for row in train]


class _Child:
    """The endpoint's process. It ends when its stdin does, so it never outlives a killed parent."""

    def __init__(self, process: asyncio.subprocess.Process, port: int) -> None:
        self._process = process
        self.port = port

    @classmethod
    async def start(cls, given: dict[str, Any]) -> "_Child":
        """Start it, hand it what it may be fitted on, and wait for its port."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "harness.reference",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            start_new_session=True,  # a Ctrl-C at the terminal is for the run, which lets calls in flight finish
        )
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(orjson.dumps(given) + b"\n")
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = await process.stdout.readline()
            return cls(process, int(orjson.loads(line)["port"]))
        except (TimeoutError, ValueError, KeyError) as error:
            with suppress(ProcessLookupError):  # it may have ended by itself
                process.kill()
            await process.wait()
            raise RunIncomplete(f"the reference endpoint did not start ({error})") from None

    async def close(self) -> None:
        """Close its stdin and wait until it is gone."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            async with asyncio.timeout(5):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
