"""What people read: pages drawn from evidence only, and the words of an item that failed."""
