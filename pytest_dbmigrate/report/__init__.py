"""What people read, drawn from evidence only."""
