"""What is known before anything is sent: vendors, keys, parameters; and what litellm is kept from doing by itself."""

import asyncio
import logging
import subprocess
import sys
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.providers.litellm import library
from harness.providers.litellm.provider import LiteLLM
from harness.types.experiment import ModelSpec, OutputSpec

LOOSE = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}
SCHEMA = {
    "type": "object",
    "properties": {"a": {"type": "string"}},
    "required": ["a"],
    "additionalProperties": False,
}
TOOL = {"name": "look_up", "parameters": {"type": "object", "properties": {}}}


def spec(model="openai/m", **more):
    """A model of a vendor's own endpoint."""
    return ModelSpec(name="any", provider="litellm", model=model, where="c.yaml:3", **more)


def objected(model, output=None, tools=()):
    """The keys that are objected to."""
    return [one.key for one in LiteLLM.objections(model, output or OutputSpec(), tools)]


@pytest.mark.parametrize(
    ("model", "params", "keys"),
    [
        ("openai/gpt-4o-mini", {"temperature": 0.0, "seed": 1}, []),
        ("openai/o3", {"temperature": 0.0, "max_tokens": 5}, ["temperature"]),
        (
            "anthropic/claude-haiku-4-5",
            {"presence_penalty": 1, "seed": 1, "top_p": 0.5},
            ["presence_penalty", "seed"],
        ),
        ("mistral/mistral-small-latest", {"seed": 3, "max_tokens": 9}, []),
        ("perplexity/sonar", {"stop": ["x"]}, ["stop"]),
        ("hosted_vllm/my-lora", {"seed": 3, "temperature": 0.0}, []),
    ],
)
def test_parameters_that_litellm_refuses_are_known_before(model, params, keys):
    """They are asked of litellm's own code, each by itself."""
    assert objected(spec(model, params=params)) == keys


@pytest.mark.parametrize(
    ("model", "output", "keys"),
    [
        ("openai/gpt-4o-mini", OutputSpec(mode="json_schema", schema=SCHEMA), []),
        ("openai/gpt-4o-mini", OutputSpec(mode="tool", schema=SCHEMA), []),
        ("mistral/m", OutputSpec(mode="json_object"), []),
        ("anthropic/claude-haiku-4-5", OutputSpec(mode="json_schema", schema=SCHEMA), []),
        ("anthropic/claude-haiku-4-5", OutputSpec(mode="json_object"), ["output"]),
        ("cohere_chat/command-r", OutputSpec(mode="json_object"), ["output"]),
        ("openai/m", OutputSpec(mode="json_schema"), ["output.schema"]),
    ],
)
def test_modes_that_would_be_refused_or_lost_are_known_before(model, output, keys):
    """LiteLLM sends nothing of json_object to Claude: that is no mode, and no silence."""
    assert objected(spec(model), output) == keys


def test_a_schema_that_strict_mode_cannot_take_is_known_before():
    """Told for the vendors whose rules are known, of the schema as litellm makes it; of another server nothing is."""
    loose = OutputSpec(mode="json_schema", schema=LOOSE)
    assert objected(spec("openai/gpt-4o-mini"), loose) == ["output.schema"] * 2
    assert objected(spec("openai/ft:gpt-4o-mini:org::id"), loose) == ["output.schema"] * 3
    assert objected(spec("openai/gpt-4o-mini", base_url="http://127.0.0.1:9/v1"), loose) == []
    assert objected(spec("anthropic/claude-haiku-4-5"), loose) == []  # litellm takes the bound out
    tied = {**SCHEMA, "properties": {"a": {"type": "string", "pattern": "^(?=x)"}}}
    assert objected(spec("anthropic/claude-haiku-4-5"), OutputSpec(mode="json_schema", schema=tied)) == [
        "output.schema"
    ]


def test_a_mark_that_no_request_would_carry_is_told():
    """`prompt_cache` is for Claude: of another model it would be left out without a word."""
    assert objected(spec("mistral/mistral-small-latest", prompt_cache=True)) == ["prompt_cache"]
    assert objected(spec("anthropic/claude-haiku-4-5", prompt_cache=True)) == []


def test_tools_and_own_switches_are_looked_over():
    """Tools where a vendor has none, tools beside mode `tool`, and litellm's own arguments under `extra`."""
    assert objected(spec("perplexity/sonar"), tools=(TOOL,)) == ["tools"]
    assert objected(spec(), tools=({"description": "no name"},)) == ["tools"]
    assert objected(spec(), OutputSpec(mode="tool", schema=SCHEMA), (TOOL,)) == ["output"]
    switches = {"mock_response": "x", "fallbacks": ["y"], "num_retries": 3, "top_k": 5, "api_base": "z"}
    assert objected(spec(extra=switches)) == [
        "extra.mock_response",
        "extra.fallbacks",
        "extra.num_retries",
        "extra.api_base",
    ]
    assert objected(spec(api="responses")) == ["api"]


def test_an_unknown_vendor_is_an_objection():
    """With what to write instead."""
    (objection,) = LiteLLM.objections(spec("my-model"), OutputSpec(), ())
    assert objection.key == "model"
    assert "openai/model" in objection.next


def test_what_is_dropped_is_told(hear, say):
    """With `drop_unsupported` the parameter is left out, and listed with every call."""
    params = {"stop": ["x"], "temperature": 0.0}
    heard = hear([say()], model="perplexity/sonar", params=params, drop_unsupported=True)
    assert heard.call.reply is not None
    assert heard.call.reply.dropped == ("stop",)
    assert "stop" not in heard.server.bodies[0]
    assert heard.server.bodies[0]["temperature"] == 0.0


# --- keys and hosts -------------------------------------------------------------------------------


def test_a_key_that_is_named_and_not_set_is_told_at_its_line(make_kit):
    """Before litellm is imported."""
    with pytest.raises(
        UsageError, match=r"c\.yaml:3: model 'any' needs a key, and MY_KEY is not set; export MY_KEY"
    ):
        LiteLLM(spec(api_key_env="MY_KEY"), make_kit())


def test_a_vendors_key_that_is_not_set_is_named(make_kit, monkeypatch):
    """LiteLLM knows the name; without it no call is made."""
    monkeypatch.delenv("MISTRAL_API_KEY", raising=False)
    provider = LiteLLM(spec("mistral/mistral-small-latest"), make_kit())
    with pytest.raises(UsageError, match="MISTRAL_API_KEY is not set"):
        asyncio.run(provider.open())


def test_the_vendors_keys_are_asked_for_by_name(make_kit, monkeypatch):
    """So that whoever gives them can redact them; whatever litellm finds by itself among them."""
    for name in ("MISTRAL_API_KEY", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "TOGETHERAI_API_KEY"):
        monkeypatch.setenv(name, "sk-1")
    assert "MISTRAL_API_KEY" in list(library.key_names("mistral"))
    assert list(library.key_names("bedrock")) == ["AWS_SECRET_ACCESS_KEY"]
    assert "TOGETHERAI_API_KEY" in list(library.key_names("together_ai"))
    assert "MISTRAL_API_KEY" not in list(library.key_names("together_ai"))


@pytest.mark.parametrize(
    "model", ["openai/m", "mistral/m", "anthropic/claude-haiku-4-5", "azure/m", "groq/m"]
)
def test_a_vendors_key_never_leaves_for_another_host(hear, say, monkeypatch, model):
    """Nor do its organisation, its project and its headers; a custom endpoint gets the key that the config names."""
    sentinel = "sk-of-the-vendor"
    for name in ("OPENAI", "MISTRAL", "ANTHROPIC", "AZURE", "GROQ"):
        monkeypatch.setenv(f"{name}_API_KEY", sentinel)
    for name in ("ORGANIZATION", "ORG_ID", "PROJECT_ID", "API_BASE"):
        monkeypatch.setenv(f"OPENAI_{name}", sentinel)
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", f"X-Gateway: {sentinel}")
    environ = {"MY_KEY": "sk-mine", "OPENAI_API_KEY": sentinel, "AZURE_API_KEY": sentinel}
    heard = hear([say()], model=model, environ=environ)
    assert len(heard.server.headers) == 1
    assert sentinel not in str(heard.server.headers)
    named = hear([say()], model=model, environ=environ, api_key_env="MY_KEY")
    assert "sk-mine" in str(named.server.headers)
    assert sentinel not in str(named.server.headers)


def test_a_vendors_key_is_kept_back_whoever_put_it_there(hear, say, monkeypatch):
    """The request is looked over below litellm: with the key in it, it is not made."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-vendor")
    smuggled = {"extra_headers": {"X-Key": "sk-of-the-vendor"}}
    heard = hear([say()], extra=smuggled, environ={"OPENAI_API_KEY": "sk-of-the-vendor"})
    assert heard.server.bodies == []
    assert heard.call.error["message"] == "not sent: the vendor's key was on its way to another host"


# --- litellm itself -------------------------------------------------------------------------------


def test_litellm_is_kept_quiet(hear, say, monkeypatch):
    """Whatever was switched on before: callbacks, caches, fallbacks, proxies, verbose logs."""
    import litellm

    monkeypatch.setattr(litellm, "success_callback", ["langfuse"])
    monkeypatch.setattr(litellm, "model_fallbacks", ["openai/other"])
    monkeypatch.setattr(litellm, "drop_params", True)
    monkeypatch.setattr(litellm, "set_verbose", True)
    monkeypatch.setenv("USE_LITELLM_PROXY", "True")
    logging.getLogger("LiteLLM").setLevel(logging.DEBUG)
    heard = hear([say(status=500)])
    assert len(heard.server.bodies) == 1
    assert litellm.success_callback == []
    assert not logging.getLogger("LiteLLM").isEnabledFor(logging.CRITICAL)


@pytest.mark.parametrize(
    "model", ["openai/m", "mistral/m", "anthropic/claude-haiku-4-5", "bedrock/mistral.m"]
)
def test_opening_sends_nothing(hear, say, model):
    """What litellm loads for its first call is loaded for a request that is not made."""
    heard = hear([say()], model=model, times=0)
    assert heard.server.bodies == []
    assert heard.kit.meter.start_to_send_ms == []


def test_nothing_is_printed(hear, say, capfd):
    """Neither on success nor on failure: litellm likes to advertise its help pages."""
    hear([say(), say(status=500), say(body=b"<")], times=3)
    told = capfd.readouterr()
    assert (told.out, told.err) == ("", "")


def test_without_litellm_the_extra_is_named(monkeypatch):
    """At the model's line."""
    monkeypatch.setitem(sys.modules, "litellm", None)
    with pytest.raises(UsageError, match=r"c\.yaml:3: .*; pip install 'variant-harness\[litellm\]'"):
        library.wake(spec())


def test_it_sleeps_until_it_is_asked(tmp_path):
    """Construction imports nothing; waking reads no `.env`, fetches nothing and warns of nothing, in a fresh process."""
    (tmp_path / ".env").write_text("FROM_DOTENV=1")
    script = (
        "import socket, sys, os\n"
        "def refuse(*a, **k): raise AssertionError('a socket')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "from harness.providers.litellm.provider import LiteLLM\n"
        "from harness.types.experiment import ModelSpec, OutputSpec\n"
        "spec = ModelSpec(name='any', provider='litellm', model='mistral/m', params={'temperature': 0.0})\n"
        "LiteLLM(spec, None)\n"
        "assert 'litellm' not in sys.modules\n"
        "assert LiteLLM.objections(spec, OutputSpec(), ()) == ()\n"
        "assert 'litellm' in sys.modules and 'FROM_DOTENV' not in os.environ\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={"PATH": "", "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    assert ended.returncode == 0, ended.stderr
    assert (ended.stdout, ended.stderr) == ("", "")
