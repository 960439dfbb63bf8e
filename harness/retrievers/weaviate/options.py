"""Weaviate, through its own client, over gRPC. Tested against a stub of the endpoints used, not the server."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.calls.stores import named_secret, package, plain_url
from harness.retrievers.weaviate.kept import Kept
from harness.retrievers.weaviate.own import Own
from harness.retrievers.weaviate.place import Place, try_once
from harness.types.plugins import Store, StoreKit

GRPC_PORT = 50051
_CLOUD = (".weaviate.cloud", ".weaviate.network", ".semi.technology")


@dataclass(frozen=True, slots=True, kw_only=True)
class Weaviate:
    """A server of Weaviate 1.27 or newer."""

    url: str
    """Its gRPC is at the same host's port 50051, or `?grpc_port=…` of the url; of Weaviate Cloud where that has it."""
    api_key_env: str | None = None
    collection: str | None = None
    """One of the user's own, with one vector an object."""
    fields: Mapping[str, str] = field(default_factory=lambda: {"doc": "doc", "text": "text"})
    """{doc, text, title?} → its properties; a condition may name any property of a plain type, or a list of one."""

    @property
    def owned(self) -> bool:
        """False for a collection of the user's."""
        return self.collection is None

    def open(self, kit: StoreKit) -> Store:
        """Connect. CallError: no answer. UsageError: a missing package, key, collection or property."""
        weaviate = package("weaviate", extra="weaviate")
        key = named_secret(kit, self.api_key_env, store="weaviate")
        place = Place(f"Weaviate at {plain_url(self.url)}", kit.timeout_s)
        with place.told():
            client = weaviate.connect_to_custom(
                **_address(self.url),
                auth_credentials=key,
                additional_config=weaviate.classes.init.AdditionalConfig(
                    timeout=weaviate.classes.init.Timeout(
                        init=kit.timeout_s, query=kit.timeout_s, insert=kit.timeout_s
                    )
                ),
                skip_init_checks=True,  # they would ask PyPI for a newer client
            )
        try:
            try_once(client, place)
            if self.collection is None:
                return Kept(client, kit.name.replace("-", "_").capitalize(), place)
            return Own(client, self.collection, self.fields, place)
        except BaseException:
            client.close()
            raise


def _address(url: str) -> Mapping[str, Any]:
    """Where REST and gRPC are."""
    parts = urlsplit(url)
    host, secure = str(parts.hostname), parts.scheme == "https"
    cloud = host.endswith(_CLOUD)
    port = int(parse_qs(parts.query).get("grpc_port", ["443" if cloud else str(GRPC_PORT)])[0])
    return {
        "http_host": host,
        "http_port": parts.port or (443 if secure else 80),
        "http_secure": secure,
        "grpc_host": f"grpc-{host}" if cloud else host,
        "grpc_port": port,
        "grpc_secure": secure,
    }
