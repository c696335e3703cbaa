"""One module per group of routes."""

from api import identifiers  # noqa: F401 - the paths need it before they are read
from api.routes import (
    bills,
    budgets,
    costs,
    estimates,
    jobs,
    keys,
    prices,
    recommendations,
    spend,
    verdicts,
    webhooks,
)

ROUTERS = (
    estimates.router,
    prices.router,
    bills.router,
    costs.router,
    spend.router,
    spend.commitments_router,
    recommendations.router,
    verdicts.router,
    budgets.router,
    webhooks.router,
    webhooks.deliveries_router,
    webhooks.inbound_router,
    jobs.router,
    keys.router,
    keys.workspace_router,
    keys.audit_router,
)
