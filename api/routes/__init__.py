"""One module per group of routes."""

from api.routes import bills, costs, estimates, jobs, keys, prices

ROUTERS = (
    estimates.router,
    prices.router,
    bills.router,
    costs.router,
    jobs.router,
    keys.router,
    keys.workspace_router,
    keys.audit_router,
)
