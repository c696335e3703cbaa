"""All pages."""

from api.web import budgeting, estimating, saving, session, settings, spending

PAGES = (
    session.router,
    spending.router,
    estimating.router,
    saving.router,
    budgeting.router,
    settings.router,
)
