"""A stub of the endpoints of Pinecone that the store uses, as its API reference describes them. It is not Pinecone."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import numpy as np

KEY = "pcsk-of-the-stub"


class Stub:
    """Indexes by name, on one host each told by its path; what is written is found one query later."""

    def __init__(self):
        """Have none."""
        self.indexes = {}
        self.asked = []
        self.trouble = 0
        """So many of the next requests are answered with 503."""
        self.url = ""

    def answer(self, method, target, body):
        """Status, headers and reply of one request."""
        self.asked.append((method, target.path))
        if self.trouble:
            self.trouble -= 1
            return 503, {}, {"error": {"code": "UNAVAILABLE", "message": "try later"}}
        if target.path.startswith("/indexes"):
            return self.control(method, target.path.removeprefix("/indexes").strip("/"), body)
        _, name, *rest = target.path.split("/")
        return self.data(self.indexes[name], "/".join(rest), body, parse_qs(target.query))

    def control(self, method, name, body):
        """Create or describe an index."""
        if method == "POST":
            declared = body["schema"]["fields"]["_values"]
            self.indexes[body["name"]] = {**declared, "name": body["name"], "rows": {}, "lsn": 0, "seen": 0}
            return 201, {}, self.described(self.indexes[body["name"]])
        if name not in self.indexes:
            return (
                404,
                {},
                {"error": {"code": "NOT_FOUND", "message": f"Resource {name} not found"}, "status": 404},
            )
        return 200, {}, self.described(self.indexes[name])

    def described(self, index):
        """An index as the control plane tells it."""
        declared = {key: index[key] for key in ("type", "dimension", "metric")}
        return {
            "name": index["name"],
            "host": f"{self.url}/{index['name']}",
            "status": {"ready": True, "state": "Ready"},
            "schema": {"fields": {"_values": declared}},
            "deployment": {"deployment_type": "managed", "cloud": "aws", "region": "us-east-1"},
            "deletion_protection": "disabled",
        }

    def data(self, index, what, body, asked):
        """One operation on the vectors of an index."""
        rows = index["rows"]
        if what == "vectors/upsert":
            if any(len(row["values"]) != index["dimension"] for row in body["vectors"]):
                return (
                    400,
                    {},
                    {"code": 3, "message": "Vector dimension does not match the index", "details": []},
                )
            rows.update({row["id"]: row for row in body["vectors"]})
            index["lsn"] += 1
            return (
                200,
                {"x-pinecone-lsn-committed": str(index["lsn"])},
                {"upsertedCount": len(body["vectors"])},
            )
        if what == "vectors/delete":
            for one in body["ids"]:
                rows.pop(one, None)
            return 200, {}, {}
        if what == "vectors/list":
            start, limit = int(asked.get("paginationToken", ["0"])[0]), int(asked["limit"][0])
            ids = sorted(rows)
            more = {"pagination": {"next": str(start + limit)}} if start + limit < len(ids) else {}
            return 200, {}, {"vectors": [{"id": one} for one in ids[start : start + limit]], **more}
        assert what == "query", what
        seen, index["seen"] = index["seen"], index["lsn"]
        return (
            200,
            {"x-pinecone-lsn-reconciled": str(seen)},
            {"matches": self.nearest(index, body), "namespace": ""},
        )

    def nearest(self, index, body):
        """The best by the metric of the index."""
        asked = np.array(body["vector"])
        matches = []
        for row in index["rows"].values():
            if body.get("filter") and not fits(row.get("metadata", {}), body["filter"]):
                continue
            values = np.array(row["values"])
            far = float(((values - asked) ** 2).sum())
            score = far if index["metric"] == "euclidean" else 1 - far / 2
            matches.append(
                {"id": row["id"], "score": score, "metadata": row.get("metadata", {}), "values": []}
            )
        best = sorted(matches, key=lambda one: one["score"], reverse=index["metric"] != "euclidean")
        return best[: body["topK"]]


def fits(metadata, wanted):
    """Whether a filter of Pinecone's holds."""
    for key, value in wanted.items():
        if key in ("$and", "$or"):
            held = (all if key == "$and" else any)(fits(metadata, one) for one in value)
        else:
            ((how, operand),) = value.items()
            found = metadata.get(key)
            values = found if isinstance(found, list) else [found]
            operands = operand if how == "$in" else [operand]
            held = any(one == two and type(one) is type(two) for one in values for two in operands)
        if not held:
            return False
    return True


@contextmanager
def running():
    """The stub, answering on loopback."""
    stub = Stub()

    class Answers(BaseHTTPRequestHandler):
        """The stub over HTTP."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            """Answer."""
            said = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Api-Key") != KEY:
                status, headers, reply = (
                    401,
                    {},
                    {"error": {"code": "UNAUTHENTICATED", "message": "Invalid API Key"}},
                )
            else:
                status, headers, reply = stub.answer(
                    self.command, urlsplit(self.path), json.loads(said) if said else {}
                )
            told = json.dumps(reply).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_POST = do_GET  # noqa: N815 - the name that http.server looks for

        def log_message(self, *told):
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        server.daemon_threads = True
        stub.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield stub
        finally:
            server.shutdown()
            thread.join()
