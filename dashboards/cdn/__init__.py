"""The rows of the dashboard cdn, which has too many for one file."""
