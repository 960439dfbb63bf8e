"""Parameters that a model does not take: known, learnt from its answers, renamed, and always told."""

import pytest

from harness.calls.endpoint import Policy
from harness.providers.openai.parameters import Parameters
from harness.types.call import Message, Request
from harness.types.experiment import ModelSpec, OutputSpec

ONCE = Policy(timeout_s=5, retries=0)
SCHEMA = {"type": "object", "properties": {}}


def refusal(message, param=None, code="unsupported_parameter"):
    """An error body as OpenAI words it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": param, "code": code}}


def not_taken(param, code="unsupported_parameter"):
    """What OpenAI says of a parameter that a model does not take."""
    return refusal(f"Unsupported parameter: '{param}' is not supported with this model.", param, code)


RENAME = refusal(
    "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.",
    "max_tokens",
)
TEMPERATURE = refusal(
    "Unsupported value: 'temperature' does not support 0 with this model. Only the default (1) value is supported.",
    "temperature",
    "unsupported_value",
)


def test_a_refused_parameter_is_dropped_once_and_for_all(ask, say):
    """One more attempt without it; later calls leave it out from the start; every record tells."""
    asked = ask(
        [say(status=400, body=TEMPERATURE), say()],
        params={"temperature": 0, "max_tokens": 9},
        drop_unsupported=True,
        times=2,
    )
    assert ["temperature" in body for body in asked.server.bodies] == [True, False, False]
    first, second = asked.calls
    assert [attempt.status for attempt in first.attempts] == [400, 200]
    assert "temperature is dropped from now on" in first.attempts[0].error
    assert first.reply.dropped == second.reply.dropped == ("temperature",)
    assert first.reply.params == {"model": "m", "max_tokens": 9}
    assert first.backoff_ms < 1000


def test_calls_in_flight_together_all_learn():
    """Those that were already on their way when the first refusal came are tried again too."""
    model = ModelSpec(
        name="m", provider="openai", model="m", params={"top_p": 1}, base_url="x", drop_unsupported=True
    )
    parameters = Parameters(model)
    bodies = [parameters.settle({"top_p": 1}) for _ in range(2)]

    class Refused:
        status_code, param, code = 400, "top_p", "unsupported_parameter"
        message, body = "no", {"message": "no"}

    assert [parameters.take_refusal(Refused(), body)[1] for body in bodies] == [True, True]
    assert parameters.settle({"top_p": 1}) == {}
    assert parameters.dropped == ("top_p",)
    assert parameters.take_refusal(Refused(), {}) == ("", False), "what was not sent cannot be left out"


def test_without_leave_to_drop_it_stays_an_error(ask, say):
    """Exactly one request; the error says what to do; the parameter is never silently gone."""
    asked = ask([say(status=400, body=TEMPERATURE)], params={"temperature": 0}, times=2)
    assert len(asked.server.bodies) == 2
    assert all("temperature" in body for body in asked.server.bodies)
    assert asked.call.error["status"] == 400
    assert asked.call.error["message"].endswith("leave temperature out, or say drop_unsupported: true")


def test_with_no_retries_the_first_call_is_lost_and_the_next_is_not(ask, say):
    """The further attempt is one of the run's own retries: there is no second retry layer."""
    asked = ask(
        [say(status=400, body=TEMPERATURE), say()],
        params={"temperature": 0},
        drop_unsupported=True,
        times=2,
        policy=ONCE,
    )
    assert [call.reply is not None for call in asked.calls] == [False, True]
    assert len(asked.server.bodies) == 2


def test_max_tokens_goes_by_its_new_name_and_is_never_left_out(ask, say):
    """The bound of an answer is the bound of its cost: it is renamed where the server says so, else it stays."""
    asked = ask([say(status=400, body=RENAME), say()], params={"max_tokens": 9}, drop_unsupported=True)
    assert [sorted(body) for body in asked.server.bodies] == [
        ["max_tokens", "messages", "model"],
        ["max_completion_tokens", "messages", "model"],
    ]
    assert asked.call.reply.params["max_completion_tokens"] == 9
    assert asked.call.reply.dropped == ()

    plain = ask([say(status=400, body=RENAME)], params={"max_tokens": 9})
    assert len(plain.server.bodies) == 1
    assert "send max_completion_tokens" in plain.call.error["message"]

    unbounded = ask(
        [say(status=400, body=not_taken("max_tokens"))], params={"max_tokens": 9}, drop_unsupported=True
    )
    assert len(unbounded.server.bodies) == 1


@pytest.mark.parametrize(
    "body",
    [
        not_taken("stream_options", "unknown_parameter"),
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "stream_options"], "msg": "not permitted"}]},
        {"error": "stream_options is not supported by this server"},
        refusal("Unrecognized request argument supplied: stream_options", code=None),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_a_server_that_takes_no_stream_options(ask, say, stream, body, status):
    """However it says so: dropped with leave (tokens are then unknown), else an error that names both ways out."""
    told = [say(status=status, body=body), say(stream=stream({"content": "hey"}))]
    asked = ask(told, stream=True, drop_unsupported=True)
    assert asked.call.reply.text == "hey"
    assert asked.call.reply.dropped == ("stream_options",)
    assert asked.call.reply.usage is None

    plain = ask(told[:1], stream=True)
    assert len(plain.server.bodies) == 1
    assert "say drop_unsupported: true (tokens and cost are then unknown)" in plain.call.error["message"]


@pytest.mark.parametrize(
    "body",
    [
        not_taken("top_k", "unknown_parameter"),
        refusal("Unrecognized request argument supplied: top_k", code=None),
        refusal("Unknown parameter: 'top_k'.", code=None),
        refusal("property 'top_k' is unsupported", code=None),
        refusal("[{'type': 'extra_forbidden', 'loc': ('body', 'top_k'), 'msg': 'Extra inputs'}]", code=400),
        "top_k is not permitted",
        refusal('Invalid JSON payload received. Unknown name "top_k": Cannot find field.', code=400),
        {"detail": [{"type": "extra_forbidden", "loc": ["body", "top_k"], "msg": "Inputs not permitted"}]},
    ],
)
def test_a_refusal_in_every_wording(ask, say, body):
    """OpenAI's code and parameter, its older words, Groq's, Google's and FastAPI's; extras are told and dropped too."""
    asked = ask([say(status=400, body=body), say()], extra={"top_k": 5}, drop_unsupported=True)
    assert asked.call.reply.dropped == ("top_k",)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (400, refusal("Invalid 'temperature': too high", "temperature", "invalid_value")),
        (400, refusal("The model is not supported", code=None)),
        (422, {"detail": [{"type": "missing", "loc": ["body", "messages"], "input": {"temperature": 0}}]}),
        (400, not_taken("messages")),
        (400, not_taken("something_else")),
        (400, "temperature"),
        (404, not_taken("temperature")),
        (403, not_taken("temperature")),
        (400, {"error": {"message": None, "param": 3, "code": ["x"]}}),
    ],
)
def test_other_errors_teach_nothing(ask, say, status, body):
    """A value out of range, what was never sent, and other statuses are the request's own fault: one request."""
    asked = ask([say(status=status, body=body)], params={"temperature": 0}, drop_unsupported=True)
    assert len(asked.server.bodies) == 1
    assert asked.call.error["status"] == status


def test_an_output_mode_is_never_silently_lost(ask, say):
    """A server without json_schema is an error that says so, even with leave to drop parameters."""
    asked = ask(
        [say(status=400, body=not_taken("response_format"))],
        request=Request(
            messages=(Message(role="user", content="x"),),
            output=OutputSpec(mode="json_schema", schema=SCHEMA),
        ),
        drop_unsupported=True,
    )
    assert len(asked.server.bodies) == 1
    assert asked.call.error["message"].endswith("choose another output mode")


def test_the_effort_is_told_by_the_configs_name(ask, say):
    """The Responses API refuses `reasoning.effort`; the record says reasoning_effort, which the config knows."""
    asked = ask(
        [say(status=400, body=not_taken("reasoning.effort")), say()],
        api="responses",
        params={"reasoning_effort": "low"},
        drop_unsupported=True,
    )
    assert asked.call.reply.dropped == ("reasoning_effort",)
    assert "reasoning" not in asked.server.bodies[1]


def test_a_reasoning_model_of_the_vendor_is_asked_as_it_wants(ask, say):
    """What is known beforehand costs no refused request: renamed, left out with leave, and told."""
    asked = ask(
        [say()],
        vendor=True,
        model="ft:o4-mini-2025-04-16:org::id",
        params={"max_tokens": 500, "temperature": 0, "reasoning_effort": "low", "seed": 3},
        drop_unsupported=True,
    )
    body = asked.server.bodies[0]
    assert {key: body[key] for key in body if key != "messages"} == {
        "model": "ft:o4-mini-2025-04-16:org::id",
        "max_completion_tokens": 500,
        "reasoning_effort": "low",
        "seed": 3,
    }
    assert asked.call.reply.dropped == ("temperature",)


def test_at_another_server_nothing_is_assumed(ask, say):
    """A model of the same name may be anything there: everything goes as it stands."""
    params = {"max_tokens": 500, "temperature": 0}
    asked = ask([say()], model="o4-mini", params=params, drop_unsupported=True)
    assert params.items() <= asked.server.bodies[0].items()
    assert asked.call.reply.dropped == ()


def test_a_hint_has_room_beside_a_long_message(ask, say):
    """The server's own words are cut where both would not fit."""
    body = refusal("Unsupported parameter: 'top_p' " + "x" * 900, "top_p")
    asked = ask([say(status=400, body=body)], params={"top_p": 0.5})
    assert len(asked.call.error["message"]) < 500
    assert asked.call.error["message"].endswith("or say drop_unsupported: true")
