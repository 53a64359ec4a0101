"""What is true. One small module per kind of observation."""
