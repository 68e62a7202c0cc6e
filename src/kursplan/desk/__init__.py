"""The desk: every change of state goes over it, one command a file, one transaction a turn."""
