"""What the rules decide by, and what a turn writes down."""
