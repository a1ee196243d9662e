"""The rows of the dashboard host, which has too many for one file."""
