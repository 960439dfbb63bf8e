"""A stub of the endpoints of Weaviate that the store uses: REST by its reference, gRPC by the client's own protocol.

It is not Weaviate: no index, no tokenizer but words in lower case, no consistency.
"""

import json
import struct
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import grpc
import numpy as np
from weaviate.proto.v1 import (
    base_pb2,
    batch_delete_pb2,
    batch_pb2,
    properties_pb2,
    search_get_pb2,
    weaviate_pb2_grpc,
)

VERSION = "1.33.0"


class Stub(weaviate_pb2_grpc.WeaviateServicer):
    """Collections by name: {declared, rows: {uuid: (properties, vector)}}."""

    def __init__(self, key):
        """Have none."""
        self.key = key
        self.collections = {}
        self.asked = []
        self.trouble = []
        """Names of the statuses that the next gRPC calls fail with."""
        self.url = ""

    def rest(self, method, path, body):
        """Status and reply of one request."""
        self.asked.append(f"{method} {path}")
        if path == "/v1/meta":
            return 200, {"version": VERSION, "hostname": self.url, "modules": {}}
        if method == "POST" and path == "/v1/schema":
            self.collections[body["class"]] = {"declared": body, "rows": {}}
            return 200, body
        name = path.removeprefix("/v1/schema/")
        if name in self.collections:
            return 200, self.described(self.collections[name]["declared"])
        return 404, {"error": [{"message": f"collection {name} not found"}]}

    def described(self, declared):
        """A collection as the server tells it, with what was left out."""
        common = {
            "invertedIndexConfig": {
                "bm25": {"b": 0.75, "k1": 1.2},
                "cleanupIntervalSeconds": 60,
                "stopwords": {"preset": "en", "additions": None, "removals": None},
            },
            "multiTenancyConfig": {
                "enabled": False,
                "autoTenantCreation": False,
                "autoTenantActivation": False,
            },
            "replicationConfig": {
                "factor": 1,
                "asyncEnabled": False,
                "deletionStrategy": "NoAutomatedResolution",
            },
            "shardingConfig": {
                "virtualPerPhysical": 128,
                "desiredCount": 1,
                "actualCount": 1,
                "desiredVirtualCount": 128,
                "actualVirtualCount": 128,
                "key": "_id",
                "strategy": "hash",
                "function": "murmur3",
            },
        }
        properties = [
            {
                "indexFilterable": True,
                "indexSearchable": False,
                "indexRangeFilters": False,
                "tokenization": "word",
                **one,
            }
            for one in declared["properties"]
        ]
        return {**common, **declared, "properties": properties}

    def checked(self, request, context):
        """Refuse whoever has no key; fail as it is told to; give the collection."""
        self.asked.append(type(request).__name__)
        if dict(context.invocation_metadata()).get("authorization") != f"Bearer {self.key}":
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "unauthorized: invalid api key")
        if self.trouble:
            context.abort(grpc.StatusCode[self.trouble.pop(0)], "told to fail")

    def Search(self, request, context):  # noqa: N802 - the protocol's names
        """Near a vector, or all of them by their ids."""
        self.checked(request, context)
        rows = self.collections[request.collection]["rows"]
        left = [
            (one, *row)
            for one, row in sorted(rows.items())
            if not request.HasField("filters") or fits(one, row[0], request.filters)
        ]
        reply = search_get_pb2.SearchReply()
        if request.HasField("near_vector"):
            given = numbers(request.near_vector)
            if any(len(vector) != len(given) for _, _, vector in left):
                context.abort(grpc.StatusCode.UNKNOWN, "vector lengths don't match")
            scored = sorted(
                (self.far(request.collection, given, vector), one, said) for one, said, vector in left
            )
            for far, one, said in scored[: request.limit]:
                result(reply, request, one, said).metadata.distance = far
                reply.results[-1].metadata.distance_present = True
            return reply
        for one, said, vector in [row for row in left if row[0] > request.after][: request.limit or 100]:
            told = result(reply, request, one, said)
            if request.metadata.vector or request.metadata.vectors:
                name = "default" if self.named(request.collection) else ""
                told.metadata.vectors.append(
                    base_pb2.Vectors(
                        name=name,
                        vector_bytes=np.asarray(vector, np.float32).tobytes(),
                        type=base_pb2.Vectors.VECTOR_TYPE_SINGLE_FP32,
                    )
                )
                if not name:
                    told.metadata.vector_bytes = np.asarray(vector, np.float32).tobytes()
        return reply

    def named(self, collection):
        """Whether its vector has a name."""
        return "vectorConfig" in self.collections[collection]["declared"]

    def far(self, collection, one, two):
        """By the collection's own distance."""
        declared = self.collections[collection]["declared"]
        index = (
            next(iter(declared["vectorConfig"].values()))["vectorIndexConfig"]
            if self.named(collection)
            else declared["vectorIndexConfig"]
        )
        if index["distance"] == "l2-squared":
            return float(((one - two) ** 2).sum())
        return float(1 - one @ two)

    def BatchObjects(self, request, context):  # noqa: N802
        """Write objects, or write them again."""
        self.checked(request, context)
        reply = batch_pb2.BatchObjectsReply()
        for index, one in enumerate(request.objects):
            rows = self.collections[one.collection]["rows"]
            vector = numbers(one)
            if len(vector) > 4096:
                reply.errors.append(
                    batch_pb2.BatchObjectsReply.BatchError(index=index, error="vector too long")
                )
                continue
            said = dict(one.properties.non_ref_properties)
            said |= {each.prop_name: list(each.values) for each in one.properties.text_array_properties}
            said |= {name: [] for name in one.properties.empty_list_props}
            rows[one.uuid] = (said, vector)
        return reply

    def BatchDelete(self, request, context):  # noqa: N802
        """Forget objects."""
        self.checked(request, context)
        rows = self.collections[request.collection]["rows"]
        gone = [one for one, row in rows.items() if fits(one, row[0], request.filters)]
        for one in gone:
            del rows[one]
        return batch_delete_pb2.BatchDeleteReply(matches=len(gone), successful=len(gone))


def numbers(message):
    """The one vector of a message, in whichever of its fields it is."""
    packed = message.vectors[0].vector_bytes if message.vectors else message.vector_bytes
    if not packed and getattr(message, "vector_for_targets", None):
        one = message.vector_for_targets[0]
        packed = one.vectors[0].vector_bytes if one.vectors else one.vector_bytes
    return np.array(struct.unpack(f"<{len(packed) // 4}f", packed))


def fits(one, said, wanted):
    """Whether a filter holds."""
    if wanted.operator == base_pb2.Filters.OPERATOR_AND:
        return all(fits(one, said, part) for part in wanted.filters)
    assert wanted.operator == base_pb2.Filters.OPERATOR_CONTAINS_ANY, wanted
    kind = wanted.WhichOneof("test_value")
    name = wanted.target.property
    found = one if name == "_id" else said.get(name)
    values = found if isinstance(found, list) else [found]
    asked = list(getattr(wanted, kind).values)
    if name not in ("_id", "facets") and kind == "value_text_array":  # split into words
        words = {word for value in values if isinstance(value, str) for word in value.lower().split()}
        return any(set(one.lower().split()) <= words for one in asked)
    return any(two in values for two in asked)


def result(reply, request, one, said):
    """Add an object to a reply: its id, and the properties that were asked for."""
    told = reply.results.add()
    told.metadata.id = one
    told.metadata.id_as_bytes = uuid.UUID(one).bytes
    for name, value in said.items():
        if request.HasField("properties") and name not in request.properties.non_ref_properties:
            continue
        field = told.properties.non_ref_props.fields[name]
        if isinstance(value, bool):
            field.bool_value = value
        elif isinstance(value, int):
            field.int_value = value
        elif isinstance(value, float):
            field.number_value = value
        elif isinstance(value, str):
            field.text_value = value
        else:
            field.list_value.text_values.CopyFrom(properties_pb2.TextValues(values=value))
    return told


@contextmanager
def running(key):
    """The stub, answering on loopback."""
    stub = Stub(key)

    class Answers(BaseHTTPRequestHandler):
        """Its REST."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            """Answer."""
            said = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != f"Bearer {key}":
                status, reply = 401, {"code": 401, "message": "unauthorized: invalid api key"}
            else:
                status, reply = stub.rest(self.command, self.path, json.loads(said) if said else {})
            told = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *told):
            """Say nothing."""

    server = grpc.server(ThreadPoolExecutor(8))
    weaviate_pb2_grpc.add_WeaviateServicer_to_server(stub, server)
    grpc_port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as rest:
        rest.daemon_threads = True
        stub.url = f"http://127.0.0.1:{rest.server_port}?grpc_port={grpc_port}"
        thread = threading.Thread(target=rest.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield stub
        finally:
            rest.shutdown()
            thread.join()
            server.stop(None).wait()
