"""The shell: one file per stage. Each reads files, calls the core in `malmoi/`, writes files; run by `python -m tasks STAGE ...`."""
