"""What tests of several rooms share."""

from collections.abc import Iterator

import pytest
from tiny import Tiny


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tiny]:
    """Tiny corpora that the real stages are run on, without MLflow."""
    patch = pytest.MonkeyPatch()
    patch.setenv("MALMOI_TRACKING", "off")
    yield Tiny(tmp_path_factory.mktemp("tiny"))
    patch.undo()
