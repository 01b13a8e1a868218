"""When and where stages run: on this machine without any engine (`local`) or as a Prefect flow (`pipeline`). Order is read from DVC."""

import os

QUIET = {  # no tool here phones home, nor does any stage that it starts; Prefect reads these when it is imported, so they are set here
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",  # its own limit of 20 s is too near to what two busy cores need
    "TF_CPP_MIN_LOG_LEVEL": "2",
}
for _name, _value in QUIET.items():
    os.environ.setdefault(_name, _value)
