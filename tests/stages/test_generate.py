"""The generate stage: the draft as it stands becomes one request, and its Call ends the draft."""

import asyncio
from dataclasses import replace

from harness.stages.generate import Generate
from harness.types.call import Message
from harness.types.experiment import OutputSpec
from harness.types.plugins import NetworkStage, StageOptions


def test_the_request_carries_the_draft_and_nothing_expected(make_kit, draft):
    """Messages, output, tools, seed, id, inputs and repeat go over; the Call is appended."""
    kit = make_kit(output=OutputSpec(mode="json_object", schema={"type": "object"}), tools=({"name": "t"},))
    messages = (Message(role="user", content="hi"),)

    async def run():
        stage = await Generate().open(kit)
        assert isinstance(stage, NetworkStage)
        once = await stage.call(draft({"q": "hi"}, messages=messages))
        return await stage.call(once)

    after = asyncio.run(run())
    assert [call.reply.text for call in after.calls] == ["yes", "yes"]
    stage, request = kit.asked.requests[0]
    assert stage == "generate"
    assert (request.messages, request.output, request.tools) == (messages, kit.output, ({"name": "t"},))
    assert (request.seed, request.example_id, request.repeat) == (11, "g-1", 0)
    assert request.inputs == {"q": "hi"}
    assert (request.index, request.fresh) == ("", False)


def test_the_request_says_what_was_searched_and_whether_it_must_be_asked(make_kit, draft):
    """Both are for the response cache: the first parts its keys, the second passes it by."""
    kit = make_kit()
    given = draft({"q": "hi"}, index="abc")
    given = replace(given, trial=replace(given.trial, fresh=True, repeat=2))

    async def run():
        return await (await Generate().open(kit)).call(given)

    asyncio.run(run())
    ((_, request),) = kit.asked.requests
    assert (request.index, request.fresh, request.repeat) == ("abc", True, 2)


def test_a_draft_without_messages_is_asked_all_the_same(make_kit, draft):
    """A recorded variant has no prompt stage, and its endpoint needs none."""
    kit = make_kit()

    async def run():
        return await (await Generate().open(kit)).call(draft({"q": "hi"}))

    assert len(asyncio.run(run()).calls) == 1
    assert kit.asked.requests[0][1].messages == ()
    assert isinstance(Generate(), StageOptions)
