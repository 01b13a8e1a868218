"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest
from tiny import Tiny


@pytest.fixture(scope="session", autouse=True)
def no_token_cache() -> Iterator[None]:
    """No test sees what another, or a person's own run, has cut before."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MALMOI_TOKEN_CACHE", "off")
    yield
    patch.undo()


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """Tiny corpora that the real stages are run on, without MLflow."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MALMOI_TRACKING", "off")
    yield Tiny(tmp_path_factory.mktemp("tiny"))
    patch.undo()
