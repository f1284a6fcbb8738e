"""Where the limits are counted: how long a request waits for that."""

from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry

# Seconds in which Redis has to answer.
REDIS_SECONDS = 5


def storage_options(uri: str) -> dict:
    """Return the options with which the counters at `uri` are used."""
    if uri.startswith("memory:"):
        return {}
    return {
        "socket_timeout": REDIS_SECONDS,
        "socket_connect_timeout": REDIS_SECONDS,
        # Once more for a connection that a restart has ended, but not for want of an answer.
        "retry": Retry(NoBackoff(), 1, (ConnectionError,)),
    }
