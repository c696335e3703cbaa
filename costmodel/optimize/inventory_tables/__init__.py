"""Every table of the inventory: one per kind of resource, plus metrics and outside advice."""

from typing import Final

from costmodel.optimize.inventory_tables import (
    account,
    application,
    billing,
    compute,
    database,
    kubernetes,
    network,
    storage,
)
from costmodel.optimize.inventory_tables.field import TableSchema

INVENTORY_TABLES: Final[dict[str, TableSchema]] = {
    **compute.TABLES,
    **storage.TABLES,
    **network.TABLES,
    **database.TABLES,
    **application.TABLES,
    **account.TABLES,
    **billing.TABLES,
    **kubernetes.TABLES,
}
