"""The extensions, made here and bound to an application in the factory."""

import ipaddress
from typing import TYPE_CHECKING

from flask import request
from flask_compress import Compress
from flask_limiter import Limiter
from flask_login import LoginManager
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from flask_wtf import CSRFProtect
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError
from redis.retry import Retry
from sqlalchemy import MetaData

# Seconds in which Redis has to answer; a page may ask it three times before it is given up.
REDIS_SECONDS = 0.5


def visitor_address() -> str:
    """Return the visitor's address, for IPv6 its /64: one household holds as many as it likes."""
    try:
        address = ipaddress.ip_address(request.remote_addr or "")
    except ValueError:
        return "unknown"
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


def storage_options(uri: str) -> dict:
    """Return the options of limits' storage for the counters at `uri`."""
    if uri.startswith("memory:"):
        return {}
    return {
        "socket_timeout": REDIS_SECONDS,
        "socket_connect_timeout": REDIS_SECONDS,
        # Once more for a connection that a restart has ended, but not for want of an answer.
        "retry": Retry(NoBackoff(), 1, (ConnectionError,)),
    }


# Constraints with names of their own, so that a migration can name what it alters.
names = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
db = SQLAlchemy(metadata=MetaData(naming_convention=names))
if TYPE_CHECKING:
    # Flask-SQLAlchemy makes db.Model at run time, where type checkers do not see it.
    from sqlalchemy.orm import DeclarativeBase as Model
else:
    Model = db.Model
migrate = Migrate()
lm = LoginManager()
# Its fingerprint of address and browser breaks for whoever changes networks; that a
# sign-in can be ended in our table is worth more.
lm.session_protection = None
csrf = CSRFProtect()
# While Redis is away each process counts for itself, rather than nobody getting in.
limiter = Limiter(visitor_address, in_memory_fallback_enabled=True)
compress = Compress()
