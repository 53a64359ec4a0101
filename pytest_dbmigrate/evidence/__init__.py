"""What was observed, and what follows from it."""
