"""The profile of a corpus as a git revision pins it: its dvc.lock says which, DVC's cache or remote has it."""

from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

from malmoi import profile
from malmoi.config import ConfigError
from tasks.project import lockfile

FOLDER = Path("out/profile")  # as in dvc.yaml


class Revision:
    """What a git revision of the project in the current folder pins; a context manager, which keeps it open while inside.

    Raises ConfigError for an unknown revision, and in a folder that is no project.
    """

    def __init__(self, rev: str = "HEAD") -> None:
        self.rev = rev
        self._open = ExitStack()

    def __enter__(self) -> "Revision":
        from dvc.api import DVCFileSystem
        from dvc.exceptions import DvcException
        from dvc.scm import SCMError

        with ExitStack() as opened:
            self._project = opened.enter_context(closing(DVCFileSystem(str(Path.cwd()), rev=self.rev)))
            try:
                self._paths = _pinned(self._project)
            except (SCMError, DvcException) as error:
                raise ConfigError(f"{self.rev!r} is no revision of a project in {Path.cwd()}: {error}") from None
            self._open = opened.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._open.close()

    def profile(self, name: str) -> dict[str, Any] | None:
        """The profile of a corpus; None where none is pinned.

        Raises ConfigError where one is pinned that neither DVC's cache nor its remote has: that does not mean that nothing has changed.
        """
        from dvc.exceptions import DvcException

        path = FOLDER / name
        if str(path) not in self._paths:
            return None
        try:
            text = self._project.read_text(str(path / profile.NAME), encoding="utf-8")
        except (DvcException, OSError) as error:
            cure = f"bring it with `dvc fetch` at {self.rev}, or make it there with `dvc repro ingest@{name}`"
            raise ConfigError(f"{self.rev} pins {path}, but neither DVC's cache nor its remote has it ({error}); {cure}") from None
        return profile.parse(text, f"{path / profile.NAME} of {self.rev}")


def before(name: str, rev: str = "HEAD") -> dict[str, Any] | None:
    """The profile of one corpus at a revision; see `Revision.profile`."""
    with Revision(rev) as revision:
        return revision.profile(name)


def _pinned(project: Any) -> set[str]:
    """Paths of all outputs in dvc.lock; none where there is no such file."""
    try:
        text = project.read_text("dvc.lock", encoding="utf-8")
    except FileNotFoundError:
        return set()
    stages = lockfile.parse_stages(text)
    return {out["path"] for stage in stages.values() for out in stage.get("outs", [])}
