"""The desk: every change of state goes over it, one deed a file, one transaction a turn."""
