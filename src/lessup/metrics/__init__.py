"""Metrics: pure functions of arrays, one family a module."""
