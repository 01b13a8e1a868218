"""The files of a project: pins, dvc.yaml and dvc.lock, results."""
