"""A tracking store that does not answer: telling that from our own mistakes, and saying it in a few words."""

import re

from malmoi.config import ConfigError


class UnreachableError(ConfigError):
    """The tracking store does not answer, or refuses; `why` says it in a few words."""

    def __init__(self, uri: str, why: str) -> None:
        super().__init__(f"MLflow at {hidden(uri)} cannot be used: {why}")
        self.why = why


def silent(error: Exception) -> bool:
    """Whether this error means that the store does not answer (and not that we asked for something wrong)."""
    from mlflow.exceptions import MlflowException
    from requests.exceptions import RequestException

    unanswered = isinstance(error, MlflowException) and ("API request" in str(error) or error.error_code == "TEMPORARILY_UNAVAILABLE")
    return unanswered or isinstance(error, UnreachableError | RequestException)


def reason(error: Exception) -> str:
    """The first line of an error, without the chain of classes that urllib3 wraps around it."""
    if isinstance(error, UnreachableError):
        return error.why
    text = str(error).split("\n")[0]
    if broke := re.search(r"too many (\d{3}) error responses|Connection aborted", text):
        how = f"only errors with status {broke[1]}" if broke[1] else "it broke off"
        return f"{how}; its log says why (its database, or the S3 that it keeps files on, may be gone)"
    found = re.search(r"(Connection refused|timed out|Name or service not known|[Nn]ot found|No route to host)", text)
    return found.group(1).lower() if found and "API request" in text else text[:300]


def hidden(uri: str) -> str:
    """A URI as it may be shown: without a password."""
    return re.sub(r"(//[^:/@]*):[^@/]*@", r"\1:***@", uri)
