"""Embeddings of documents, kept from earlier runs: each text is paid for once a model."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path

from harness.files.keyed import KeyedFile, Kind, open_keyed

EMBEDDINGS = Kind(
    noun="file of embeddings",
    table="embeddings",
    ours=0x76686165,
    layout=1,
    without="or name another --out",
)


class KeptEmbeddings:
    """Fulfils types.plugins.Embeddings over a file that is opened when the first embedding is asked for."""

    def __init__(self, file: Path, closing: AsyncExitStack, tell: Callable[[str], None]) -> None:
        """Opens nothing yet: most runs embed nothing."""
        self._file = file
        self._closing = closing
        self._tell = tell
        self._opened: KeyedFile | None = None

    async def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:
        """What is kept of these keys. Raises UsageError for a file that is none of ours."""
        return await self._kept().get_all(keys)

    def put(self, kept: Mapping[str, bytes]) -> None:
        """Keep them."""
        self._kept().put_all(kept)

    def _kept(self) -> KeyedFile:
        if self._opened is None:
            self._opened = open_keyed(self._file, EMBEDDINGS, tell=self._tell)
            self._closing.push_async_callback(self._opened.close)
        return self._opened


class NoEmbeddings:
    """Fulfils types.plugins.Embeddings and keeps nothing: for a look at a config, which writes no file."""

    async def get(self, keys: Sequence[str]) -> Mapping[str, bytes]:  # noqa: ARG002
        """Nothing."""
        return {}

    def put(self, kept: Mapping[str, bytes]) -> None:
        """Forget them."""
