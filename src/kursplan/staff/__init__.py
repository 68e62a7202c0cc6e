"""Words and names for staff, shared by the command and by pages."""
