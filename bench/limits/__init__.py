"""What the machine allows: the least work that gives the same result, measured beside Kursplan."""
