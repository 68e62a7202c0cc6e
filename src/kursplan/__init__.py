"""Kursplan: class scheduling and booking for gyms and studios, self-hosted."""

__version__ = "0.1.0"
