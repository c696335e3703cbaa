"""Bills as one FOCUS-shaped relation ``bill`` on a query engine.

``source`` says what a reader found; ``normalize`` maps it to the columns of ``columns.py`` as SQL
expressions; ``query.Bill`` is the relation, summed and filtered; ``store`` keeps it on disk;
``check`` proves it. Readers of files are in ``costmodel.io.bills``.
"""
