"""Rows: tables, migrations, and named queries that take an open transaction.

Every statement is a constant of its module, so that a test can read all that the store can send.
"""
