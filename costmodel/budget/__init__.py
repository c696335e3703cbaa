"""Budgets against cost, forecasts and anomalies: pure functions of data and date."""
