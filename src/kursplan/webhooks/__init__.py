"""Telling others: fan out, deliver, sign, and which addresses may be called."""
