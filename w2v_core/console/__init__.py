"""What people see while a command works: log lines or JSON objects, progress bars and tables."""
