"""Seen from outside: logs as events, figures for Prometheus."""
