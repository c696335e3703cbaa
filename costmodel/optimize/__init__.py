"""Recommendations: changes to usage, priced as differences of two estimates."""
