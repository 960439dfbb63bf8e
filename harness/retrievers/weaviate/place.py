"""One server of Weaviate: whatever fails there is told in a sentence, and tried once."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import reduce
from operator import and_
from typing import Any

from harness.calls.failures import bad_reply, status_error
from harness.calls.stores import shut_out, too_slow, unreachable
from harness.errors import CallError, Fault, UsageError
from harness.text.quote import clip


@dataclass(frozen=True, slots=True)
class Place:
    """Where the server is, and how long it may take."""

    name: str
    timeout_s: float

    @contextmanager
    def told(self) -> Iterator[None]:
        """Around calls of the client: whatever fails is a CallError."""
        import httpx
        from weaviate import exceptions as weaviate

        try:
            yield
        except (weaviate.WeaviateTimeoutError, httpx.TimeoutException):
            raise too_slow(self.name, self.timeout_s) from None
        except (
            weaviate.WeaviateStartUpError,
            weaviate.WeaviateConnectionError,
            httpx.TransportError,
        ) as error:
            raise unreachable(self.name, error) from None
        except weaviate.UnexpectedStatusCodeError as error:
            raise status_error(error.status_code, clip(f"{self.name} answers: {error}"), {}) from None
        except (weaviate.ResponseCannotBeDecodedError, KeyError, ValueError) as error:
            raise bad_reply(clip(f"{self.name} does not answer as Weaviate does: {error}")) from None
        except weaviate.WeaviateBaseError as error:
            raise CallError(type="bad_request", message=clip(f"{self.name}: {error}")) from None

    def refusal(self, what: str, hint: str) -> UsageError:
        """What has to be changed in the config."""
        return UsageError(Fault(where="retrieve.store", what=f"{self.name} {what}", next=hint))

    def failed(self, error: Any) -> CallError:
        """What gRPC raises, by its status."""
        import grpc  # type: ignore[import-untyped]

        code, said = error.code(), str(error.details())
        if code is grpc.StatusCode.DEADLINE_EXCEEDED:
            return too_slow(self.name, self.timeout_s)
        if code is grpc.StatusCode.UNAVAILABLE:
            return unreachable(f"{self.name} (gRPC)", said)
        if code in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED):
            return shut_out(self.name, said)
        return CallError(type="bad_request", message=clip(f"{self.name}: {said}"))


def try_once(client: Any, place: Place) -> None:
    """Keep the client from trying again by itself: it would, for a minute, and count that as its answer's time."""
    import grpc

    def once(call: Callable[..., Any]) -> Callable[..., Any]:
        def asked(*args: Any, **named: Any) -> Any:
            try:
                return call(*args, **named)
            except grpc.RpcError as error:
                raise place.failed(error) from None

        return asked

    stub = client._connection.grpc_stub  # noqa: SLF001 - no setting leads there
    for name in ("Search", "BatchObjects", "BatchDelete"):
        setattr(stub, name, once(getattr(stub, name)))


def dimensions(objects: Any) -> int | None:
    """Of the vector of any object; None where there is none."""
    found = objects.query.fetch_objects(limit=1, include_vector=True, return_properties=[]).objects
    vectors = [len(vector) for one in found for vector in one.vector.values()]
    return vectors[0] if vectors else None


def every(conditions: list[Any]) -> Any:
    """All of them as one filter; None for none."""
    return reduce(and_, conditions) if conditions else None
