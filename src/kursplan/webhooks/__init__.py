"""Telling others: dispatch what the outbox holds, deliver, sign; and which addresses may be called."""
