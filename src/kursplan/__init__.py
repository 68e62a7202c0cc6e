"""Kursplan: class scheduling and booking for gyms and studios, self-hosted."""

__version__ = "0.1.0"
RELEASED = "2026-11-30"
"""The day of this version, as CHANGELOG.md has it."""
