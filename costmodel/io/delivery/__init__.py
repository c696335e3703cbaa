"""Alerts that always arrive, once: outbox, signed webhooks and other channels, AWS's own alerts.

An evaluation commits its alerts and its new states in one transaction of the `Outbox`; the worker
delivers them in order, again and again until the receiver has said yes; the receiver takes the
notifications AWS sends and puts them into the same outbox.
"""
