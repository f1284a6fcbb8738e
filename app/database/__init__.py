"""How the site reaches its database: connections, transactions, upgrades, outages.

No table is known here by name but those of migrations; what is stored is in `app/models`.
"""

from app.database.instants import UTCDateTime, now
from app.database.transactions import end_transaction, writing

__all__ = ["UTCDateTime", "end_transaction", "now", "writing"]
