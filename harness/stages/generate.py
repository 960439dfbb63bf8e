"""The stage that asks the model: the draft's messages in, one Call out."""

from dataclasses import dataclass, replace

from harness.types.call import Request
from harness.types.plugins import Endpoint, StageKit
from harness.types.trial import Draft


@dataclass(frozen=True, slots=True, kw_only=True)
class Generate:
    """Asks the variant's own model. It has no options: the model stands under `model:`."""

    async def open(self, kit: StageKit) -> "_Generating":
        """Open the variant's model."""
        return _Generating(await kit.endpoint(), kit)


class _Generating:
    name = "generate"

    def __init__(self, endpoint: Endpoint, kit: StageKit) -> None:
        self._endpoint = endpoint
        self._output = kit.output
        self._tools = tuple(kit.tools)

    async def call(self, draft: Draft) -> Draft:
        """Append one Call. A draft without messages is asked as it is: recorded answers need none."""
        request = Request(
            messages=draft.messages,
            output=self._output,
            tools=self._tools,
            seed=draft.seed,
            example_id=draft.trial.example_id,
            inputs=draft.inputs,
            repeat=draft.trial.repeat,
            index=draft.index,
            fresh=draft.trial.fresh,
        )
        answer = await self._endpoint.call(request, stage=self.name)
        return replace(draft, calls=(*draft.calls, answer))
