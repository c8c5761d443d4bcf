"""Lifeboat: takes a merchant's orders while the main order system is down, and brings every one of them home."""

__version__ = "0.1.0"
