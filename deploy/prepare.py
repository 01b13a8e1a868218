"""`python3 deploy/prepare.py [--images]`: deploy/.env from deploy/example.env, with new passwords; what is there stays.

--images asks the registry which images `python:3.11-slim` and `postgres:17` are now, and writes their digests, so that every
machine builds from the same bytes until somebody asks again. Needs the standard library, and for --images Docker with buildx.
"""

import argparse
import os
import re
import secrets
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
GENERATED = re.compile(r"_(PASSWORD|SECRET)$")
IMAGES = {"PYTHON_DIGEST": "python:3.11-slim", "POSTGRES_DIGEST": "postgres:17"}
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def filled(example: str, known: dict[str, str]) -> str:
    """The text of .env: the example's lines with the values that are known, and new passwords where there is none."""
    lines, names = [], set()
    for line in example.splitlines():
        name, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            names.add(name)
            value = known.get(name) or value or (secrets.token_hex(24) if GENERATED.search(name) else "")
            line = f"{name}={value}"
        lines.append(line)
    lines += [f"{name}={value}" for name, value in known.items() if name not in names]
    return "\n".join(lines) + "\n"


def values(text: str) -> dict[str, str]:
    """What an .env says.

    >>> values("# comment\\nA=1\\nB=\\n")
    {'A': '1', 'B': ''}
    """
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def resolved(image: str) -> str:
    """The digest that an image has now. Raises RuntimeError where Docker does not say."""
    command = ["docker", "buildx", "imagetools", "inspect", image, "--format", "{{.Manifest.Digest}}"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RuntimeError(f"{' '.join(command[:4])}: {error}") from None
    if done.returncode or not DIGEST.fullmatch(done.stdout.strip()):
        raise RuntimeError(f"{' '.join(command[:5])}: {done.stderr.strip() or done.stdout.strip() or 'no digest'}")
    return done.stdout.strip()


def write(path: Path, text: str) -> None:
    """Readable for its owner alone from its first moment on, and whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}.unfinished")
    try:
        with open(part, "x", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o600)) as stream:
            stream.write(text)
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def main() -> int:
    """Returns 1 where a digest cannot be had; what there was is kept."""
    parser = argparse.ArgumentParser("python3 deploy/prepare.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", action="store_true", help="write today's digests of the images that ours is built from")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where .env is (default: deploy/)")
    options = parser.parse_args()
    path = options.folder / ".env"
    known = values(path.read_text(encoding="utf-8")) if path.exists() else {}
    try:
        found = {name: resolved(image) for name, image in IMAGES.items()} if options.images else {}
    except RuntimeError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    text = filled((FOLDER / "example.env").read_text(encoding="utf-8"), known | found)
    write(path, text)
    empty = [name for name, value in values(text).items() if not value]
    print(f"{path}: {'still empty: ' + ', '.join(empty) if empty else 'complete'}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
