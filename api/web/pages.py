"""All pages."""

from api.web import budgeting, estimating, judging, saving, session, settings, spending

PAGES = (
    session.router,
    spending.router,
    judging.router,
    estimating.router,
    saving.router,
    budgeting.router,
    settings.router,
)
