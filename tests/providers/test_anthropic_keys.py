"""Whose key goes where: nothing that the environment holds for the vendor reaches another host."""

import asyncio

import pytest

from harness.errors import UsageError
from harness.providers.anthropic import provider as provider_module
from harness.providers.anthropic.provider import Anthropic
from harness.types.experiment import ModelSpec
from tests.providers.anthropic_desk import ask, listening, message
from tests.providers.conftest import HELLO, Kit, Say

SECRETS = {
    "ANTHROPIC_API_KEY": "sk-vendor-secret",
    "ANTHROPIC_AUTH_TOKEN": "token-vendor-secret",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Tenant: tenant-secret\nAuthorization: Bearer custom-secret",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:9/elsewhere-secret",
    "ANTHROPIC_PROFILE": "profile-secret",
}


def sent_headers(asked):
    """The headers of the first request, names in lower case."""
    return {name.lower(): value for name, value in asked.server.headers[0].items()}


@pytest.fixture
def _secrets(monkeypatch):
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("_secrets")
def test_nothing_of_the_vendors_goes_to_another_host():
    """A custom base_url that names no key gets a placeholder, and nothing that the environment holds for the vendor."""
    asked = ask(environ=SECRETS)
    headers = sent_headers(asked)
    assert asked.call.reply.text == "yes"
    assert "secret" not in str(headers)
    assert headers["authorization"] == "Bearer none"


@pytest.mark.usefixtures("_secrets")
def test_a_named_key_goes_where_it_is_named_for():
    """In the header of today's SDK and in the one that servers for older ones look for."""
    asked = ask(environ={**SECRETS, "MY_KEY": "mine"}, api_key_env="MY_KEY")
    headers = sent_headers(asked)
    assert headers["authorization"] == "Bearer mine"
    assert headers["x-api-key"] == "mine"


@pytest.mark.usefixtures("_secrets")
def test_the_vendors_own_endpoint_gets_its_key_and_no_more():
    """The variable that everybody has set is read; headers and tokens that the config does not name are not sent."""
    asked = ask(environ=SECRETS, vendor=True)
    headers = sent_headers(asked)
    assert headers["authorization"] == "Bearer sk-vendor-secret"
    assert not {"x-tenant", "x-api-key", "traceparent"} & set(headers)


def test_a_missing_key_is_the_users_mistake():
    """One line that names the variable, before anything is sent."""
    with pytest.raises(UsageError, match="ANTHROPIC_API_KEY is not set") as caught:
        Anthropic(ModelSpec(name="claude", provider="anthropic", model="m", where="x.yaml:3"), Kit())
    assert caught.value.faults[0].where == "x.yaml:3"
    with pytest.raises(UsageError, match="MY_KEY"):
        Anthropic(ModelSpec(name="c", provider="anthropic", model="m", api_key_env="MY_KEY"), Kit())


def test_a_missing_sdk_is_told_with_the_way_to_get_it(monkeypatch):
    """The SDK is an extra."""
    monkeypatch.setattr(provider_module.importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(UsageError, match=r"pip install 'variant-harness\[anthropic\]'"):
        Anthropic(ModelSpec(name="c", provider="anthropic", model="m"), Kit())


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_a_base_url_is_written_with_its_version_or_without(path):
    """Both are common, and both reach /v1/messages."""

    async def told():
        async with listening([Say(body=message())]) as server:
            spec = ModelSpec(name="m", provider="anthropic", model="m", base_url=server.url + path)
            made = Anthropic(spec, Kit())
            await made.open()
            reply = await made.complete(HELLO)
            await made.close()
            return reply, server.paths

    reply, paths = asyncio.run(told())
    assert (reply.text, paths) == ("yes", ["/v1/messages"])


def test_the_price_is_a_tables_to_tell():
    """The provider declares none."""
    assert Anthropic.list_price(ModelSpec(name="m", provider="anthropic", model="m")) is None
