"""The rows of the dashboard show, which has too many for one file."""
