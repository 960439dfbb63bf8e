"""The keys of a process: known once they are read, named or guessed, and then taken out."""

import pytest

from harness.calls.keys import Keys

KEY = "Zq7Wm3Xn9Kc5Vb1T"


def test_a_key_is_known_once_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading gives the value and remembers it, whatever the variable is called; nothing is forgotten."""
    keys = Keys()
    monkeypatch.setenv("MINE", KEY)
    assert keys.redacted(KEY) == KEY
    assert keys.read("MINE") == KEY
    monkeypatch.setenv("MINE", KEY[::-1])
    assert keys.read("MINE") == KEY[::-1]
    assert keys.redacted(f"{KEY} {KEY[::-1]}") == "[redacted:MINE] [redacted:MINE]"
    assert keys.redacted_data(b'{"a":"%s"}' % KEY.encode()) == b'{"a":"[redacted:MINE]"}'


def test_a_key_behind_its_scheme_is_known_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable may hold a header's whole value, of which a service sends back the key."""
    keys = Keys()
    monkeypatch.setenv("MINE", f"Bearer {KEY}")
    assert keys.read("MINE") == f"Bearer {KEY}"
    assert keys.redacted(f"no Bearer like {KEY}, or Bearer {KEY}") == (
        "no Bearer like [redacted:MINE], or [redacted:MINE]"
    )


@pytest.mark.parametrize("value", [None, ""])
def test_a_variable_that_is_not_set_is_no_key(monkeypatch: pytest.MonkeyPatch, value: str | None) -> None:
    """Nothing is known by it."""
    if value is None:
        monkeypatch.delenv("MINE", raising=False)
    else:
        monkeypatch.setenv("MINE", value)
    keys = Keys()
    assert keys.read("MINE") == value
    assert keys.redacted("any text") == "any text"


def test_what_a_config_names_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever it stands: under models, in a variant, in a list, as the header of an application."""
    named = {name: KEY[:12] + name for name in ("ONE", "TWO", "THREE")}
    for name, value in named.items():
        monkeypatch.setenv(name, value)
    keys = Keys()
    keys.read_named(
        {
            "models": {"a": {"api_key_env": "ONE", "stop": ["x", None, 1]}},
            "variants": {"v": {"pipeline": [{"rerank": {"model": {"api_key_env": "TWO"}}}]}},
            "w": {"http": {"headers_env": {"X-Key": "THREE"}}},
        }
    )
    for name, value in named.items():
        assert keys.redacted(value) == f"[redacted:{name}]"


@pytest.mark.parametrize(
    ("variable", "value", "told"),
    [
        ("OPENAI_API_KEY", KEY, "[redacted:OPENAI_API_KEY]"),
        ("aws_secret_access_key", KEY, "[redacted:aws_secret_access_key]"),
        ("HF_TOKEN", KEY, "[redacted:HF_TOKEN]"),
        (
            "HTTPS_PROXY",
            f"http://me:{KEY}@proxy:8080",
            "http://me:[redacted:the password in HTTPS_PROXY]@proxy:8080",
        ),
        ("HOME", KEY, KEY),
        ("TOKEN_LIMIT", "1234567890123456789", "1234567890123456789"),
        ("SECRET_WORD", "responsibilities", "responsibilities"),
        ("KEY_FILE", "/etc/keys/server1.pem", "/etc/keys/server1.pem"),
        ("KEY_HINT", "ask Ann in room 101", "ask Ann in room 101"),
        ("BROKEN_URL", "http://[me:secret1@", "http://[me:secret1@"),
    ],
)
def test_a_key_that_nobody_named_is_guessed(variable: str, value: str, told: str) -> None:
    """By a variable's name, where its value is one that no text holds by chance; and the password of a url."""
    keys = Keys()
    keys.guess({variable: value})
    assert keys.redacted(value) == told
