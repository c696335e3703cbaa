"""Notifications AWS sends through SNS: verified, read as alerts, put into the outbox."""
