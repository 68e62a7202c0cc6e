"""Carrying out commands: queues, turns and their retries, rehearsal."""
