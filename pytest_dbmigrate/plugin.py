"""pytest hooks, each a few lines that call a room."""
