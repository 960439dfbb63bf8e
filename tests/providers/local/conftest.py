"""Small networks of random weights, written to disk as any other, and calls of them through a run's own endpoint."""

import asyncio
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness.calls.endpoint import LiveEndpoint, Policy
from harness.providers.local.provider import Local
from harness.types.call import Call, Request
from harness.types.experiment import ModelSpec

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # before the library wakes: no test asks the Hub
WORDS = [
    "[PAD]",
    "[UNK]",
    "[CLS]",
    "[SEP]",
    "[MASK]",
    "lost",
    "parcel",
    "refund",
    "of",
    "a",
    "the",
    "office",
    "opens",
    "at",
    "nine",
    "we",
    "query:",
    "text:",
    "is",
]
LONGEST = 16
"""Tokens that the small networks read."""


def _written(folder: Path, kind: str, **config: Any) -> Path:
    import torch
    import transformers

    torch.manual_seed(7)
    sizes = {"hidden_size": 16, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 32}
    shape = transformers.BertConfig(
        vocab_size=len(WORDS), max_position_embeddings=LONGEST, initializer_range=1.0, **sizes, **config
    )
    transformers.utils.logging.disable_progress_bar()
    getattr(transformers, kind)(shape).save_pretrained(folder)
    tokenizer = transformers.BertTokenizerFast(
        vocab={word: at for at, word in enumerate(WORDS)}, model_max_length=LONGEST
    )
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def cross_encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cross-encoder of a few thousand random weights."""
    return _written(tmp_path_factory.mktemp("cross"), "BertForSequenceClassification", num_labels=1)


@pytest.fixture(scope="session")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with three scores for a pair."""
    return _written(tmp_path_factory.mktemp("three"), "BertForSequenceClassification", num_labels=3)


@pytest.fixture(scope="session")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an encoder, of which an embedding model is made."""
    return _written(tmp_path_factory.mktemp("encoder"), "BertModel")


@pytest.fixture(scope="session")
def spec() -> Callable[..., ModelSpec]:
    """A local model."""

    def spec(model: Any, **more: Any) -> ModelSpec:
        given = {
            "name": "mine",
            "provider": "local",
            "where": "c.yaml:4",
            "price": Local.list_price(None),
            **more,
        }
        return ModelSpec(model=str(model), **given)

    return spec


@pytest.fixture(scope="session")
def asked(make_kit: Any) -> Callable[..., list[Call]]:
    """Make calls of a model, all at one instant, and see what the run would see of it."""

    def asked(
        model: ModelSpec, requests: Sequence[Request], timeout_s: float = 60.0, kit: Any = None
    ) -> list[Call]:
        async def told() -> list[Call]:
            provider = Local(model, kit or make_kit())
            await provider.open()
            try:
                held = LiveEndpoint(provider, model, Policy(timeout_s=timeout_s, retries=0))
                return await asyncio.gather(*(held.call(one, stage=one.task) for one in requests))
            finally:
                await provider.close()

        return asyncio.run(told())

    return asked
