"""pytest-dbmigrate: PostgreSQL migration plans as tests, their report as evidence."""

__version__ = "0.1.0"
