"""Without its servers a test skips and says why; where they are required, it fails."""

import pytest

from tests.servers.conftest import REQUIRED, absent


def test_a_server_that_is_not_there_is_a_reason_to_skip(monkeypatch):
    """The reason names what is missing, and what installs it."""
    monkeypatch.delenv(REQUIRED, raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"^no server: .ci/servers installs it$"):
        absent("no server")


def test_a_server_that_is_required_and_not_there_is_a_failure(monkeypatch):
    """Continuous integration cannot pass over it."""
    monkeypatch.setenv(REQUIRED, "1")
    with pytest.raises(pytest.fail.Exception, match=f"no server, and {REQUIRED} is set"):
        absent("no server")
