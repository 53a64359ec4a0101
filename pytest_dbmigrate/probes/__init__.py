"""What runs beside the migrations: the application asked as its users ask it, and its logs."""
