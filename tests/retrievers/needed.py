"""Packages of stores that a machine may lack: their tests skip there with the reason, but not where they are required."""

import os
from importlib.util import find_spec

import pytest


def needed(*packages):
    """Skip the module that asks, or fail it where HARNESS_REQUIRE_SERVERS is set."""
    for package in packages:
        if find_spec(package) is None:
            reason = f"the package {package} is not installed"
            if os.environ.get("HARNESS_REQUIRE_SERVERS"):
                pytest.fail(reason, pytrace=False)
            pytest.skip(reason, allow_module_level=True)
