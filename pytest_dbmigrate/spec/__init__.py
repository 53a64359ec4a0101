"""What should be true: pure functions from text. Imports neither pytest nor psycopg."""
