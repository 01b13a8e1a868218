#!/bin/sh
# Have a clone of MALMOI_REPOSITORY in this folder: clone.sh [worker]. Whenever it was killed, the next start goes on from there.
# The folder is a volume, which cannot be renamed into place; .git can, and it is whole when it comes.
set -eu
if ! git --git-dir=.git rev-parse --quiet --verify HEAD >/dev/null 2>&1; then
  rm -rf .clone .git
  git clone --quiet --no-checkout "$MALMOI_REPOSITORY" .clone
  if [ "${1:-}" = worker ]; then printf '%s\na worker works here\n' "$(pwd -P)" >.clone/.git/malmoi-worker; fi
  mv .clone/.git .git
fi
rm -rf .clone
if ! [ -f .git/index ]; then # git writes it when all files are there
  rm -f .git/index.lock
  git reset --quiet --hard
fi
