"""The rows of the dashboard containers, which has too many for one file."""
