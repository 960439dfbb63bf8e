"""A user's callable as a provider: plain ones on threads, async ones on the loop, whatever they raise told."""

import asyncio
import copy
import importlib
import inspect
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any, ClassVar

from harness.calls import application
from harness.calls.clock import ms_between, now_ns
from harness.calls.workers import Workers
from harness.errors import CallError, Fault, HarnessError, UsageError
from harness.providers.python.answer import read_answer, read_search
from harness.providers.python.trial import TrialContext
from harness.registry import load
from harness.text.quote import clip
from harness.types.call import Reply, Request, Task, Wire
from harness.types.experiment import ModelSpec, OutputSpec, Price
from harness.types.plugins import Objection, ProviderKit

MOST_LEFT = 256
"""Calls past their deadline that may still run: with more, the function never ends, and no further one is begun."""
_LONGEST_MESSAGE = 500
_OURS = frozenset({__file__, inspect.getfile(load), importlib.__file__})
"""Files that an error passes on its way from the user's code to us."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ran:
    """One call of the function, over; the clock ran where the function did."""

    began_ns: int
    done_ns: int
    value: Any = None
    error: BaseException | None = None


class Python:
    """Calls `function(inputs)`, or `function(inputs, trial=…)` where it has such a parameter, with the options."""

    tasks: ClassVar[frozenset[Task]] = frozenset({"answer", "search"})
    live: ClassVar[bool] = True
    note: ClassVar[str | None] = None
    cacheable: ClassVar[bool] = False
    given: str = ""
    longest_answer_tokens: ClassVar[int | None] = None

    def __init__(self, model: ModelSpec, kit: ProviderKit) -> None:
        """Import it. Raises UsageError where it cannot be loaded, or cannot be called as it will be."""
        self._name = str(model.extra["function"])
        self._options: Mapping[str, Any] = model.extra.get("options", {})
        self._price = model.price
        self._function = _loaded(model)
        self._takes_trial = "trial" in _parameters(self._function)
        self._async = _is_async(self._function)
        self._kit = kit
        self._workers = Workers(f"python {self._name}")
        self._tasks: set[asyncio.Task[_Ran]] = set()

    @classmethod
    def list_price(cls, model: ModelSpec) -> Price | None:
        """The config or the function itself tells."""
        del model
        return None

    @classmethod
    def objections(
        cls, model: ModelSpec, output: OutputSpec, tools: Sequence[Mapping[str, Any]]
    ) -> Sequence[Objection]:
        """That the function cannot be called; and an application decides by itself how it answers."""
        unfit: list[Objection] = []
        try:
            _loaded(model)
        except UsageError as error:
            unfit = [Objection(key="function", what=fault.what, next=fault.next) for fault in error.faults]
        return (*unfit, *application.objections(output, tools))

    async def open(self) -> None:
        """Nothing: threads start when they are needed."""

    async def close(self) -> None:
        """Let the threads go; those that hang end with the process."""
        self._workers.close()

    async def complete(self, request: Request) -> Reply:
        """Call it once. Raises CallError of type `application` for what it raises, and its own CallError as it is."""
        trial = TrialContext(request)
        given = {"trial": trial, **self._options} if self._takes_trial else self._options
        inputs = copy.deepcopy(
            dict(request.inputs)
        )  # a function that changes them changes no other variant's
        left = self._workers.left
        begun_ns = now_ns()
        ran = await self._ran(lambda: self._function(inputs, **given))
        self._kit.meter.sent(max(0.0, ms_between(begun_ns, ran.began_ns)))
        if ran.error is not None:
            _raise(ran.error)
        try:
            read = read_search if request.task == "search" else read_answer
            fields = {**trial.facts(self._price), **read(ran.value)}
        except ValueError as error:
            raise _failure(f"{self._name}: {error}") from None
        params: dict[str, Any] = {"function": self._name, "options": dict(self._options)}
        if left:
            params["left_running"] = left
        wire = Wire(sent_ns=ran.began_ns, done_ns=ran.done_ns, clock="client")
        return Reply(**fields, wire=wire, params=params)

    async def _ran(self, call: Callable[[], Any]) -> _Ran:
        if self._async:
            return await self._on_loop(call)
        if self._workers.left >= MOST_LEFT:
            raise _failure(f"{MOST_LEFT} earlier calls of {self._name} still run past their deadline")
        try:
            ran: _Ran = await self._workers.run(lambda: _timed(call))
        except RuntimeError as error:  # no thread left in the system
            raise _failure(f"{type(error).__name__}: {error}") from error
        if inspect.isawaitable(ran.value):  # a plain function around an async one
            rest = await self._on_loop(lambda: ran.value)
            return replace(rest, began_ns=ran.began_ns)
        return ran

    async def _on_loop(self, call: Callable[[], Any]) -> _Ran:
        """Await it in a task of its own: one that ignores its cancellation does not hold up the trial's deadline."""
        task = asyncio.create_task(_awaited(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        return task.result()


def _timed(call: Callable[[], Any]) -> _Ran:
    began_ns = now_ns()
    try:
        value = call()
    except BaseException as error:  # noqa: BLE001 -- a stranger's code: its exit is that trial's end, not the run's
        return _Ran(began_ns=began_ns, done_ns=now_ns(), error=error)
    return _Ran(began_ns=began_ns, done_ns=now_ns(), value=value)


async def _awaited(call: Callable[[], Any]) -> _Ran:
    began_ns = now_ns()
    try:
        value = await call()
    except (Exception, SystemExit, asyncio.CancelledError) as error:  # noqa: BLE001 -- as above
        return _Ran(began_ns=began_ns, done_ns=now_ns(), error=error)
    return _Ran(began_ns=began_ns, done_ns=now_ns(), value=value)


def _raise(error: BaseException) -> None:
    """Raise what the function raised: the harness's own words as they are, all else as a failed call."""
    if isinstance(error, CallError | HarnessError):
        raise error
    raise _failure(f"{type(error).__name__}: {clip(str(error), _LONGEST_MESSAGE)}", _line(error)) from error


def _failure(what: str, where: str = "") -> CallError:
    message = f"{what[: _LONGEST_MESSAGE - len(where)]}{where}"
    return CallError(type="application", message=message)


def _line(error: BaseException) -> str:
    """The last line of the user's own file that the error went through: ` (pipeline.py:12)`; empty where there is none."""
    steps = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    theirs = [step for step in steps if step[0] not in _OURS and not step[0].startswith("<")]
    own = [line for file, line in theirs if file == theirs[0][0]]
    return f" ({PurePath(theirs[0][0]).name}:{own[-1]})" if own else ""


def _loaded(model: ModelSpec) -> Callable[..., Any]:
    """The function, once it is sure that it can be called. Raises UsageError."""
    name = str(model.extra["function"])
    try:
        function = load({}, name, what="python", where=model.where)
    except UsageError:
        raise
    except (Exception, SystemExit) as error:  # noqa: BLE001 -- a stranger's module: whatever it does when imported
        what = f"python '{name}' cannot be loaded ({type(error).__name__}: {clip(str(error))}{_line(error)})"
        raise UsageError(Fault(where=model.where, what=what, next="mend it")) from None
    unfit = _unfit(function, model.extra.get("options", {}))
    if unfit:
        what, hint = unfit
        raise UsageError(Fault(where=model.where, what=f"python '{name}' {what}", next=hint))
    result: Callable[..., Any] = function
    return result


def _unfit(function: Any, options: Mapping[str, Any]) -> tuple[str, str] | None:
    if inspect.isclass(function) or not callable(function):
        return "is no function", "name a function, or an object that can be called"
    if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
        return "yields its answer in pieces", "return the whole answer"
    parameters = _parameters(function)
    trial = {"trial": None} if "trial" in parameters else {}
    try:
        inspect.signature(function).bind({}, **options, **trial)
    except TypeError as error:
        said = f"cannot be called with the inputs{', the trial' if trial else ''} and the options: {error}"
        return said, f"it takes ({', '.join(parameters)}); one named trial is given the trial"
    except ValueError:  # written in C: it does not say what it takes
        return None
    return None


def _parameters(function: Any) -> list[str]:
    try:
        return list(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return []


def _is_async(function: Any) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(function.__call__)
