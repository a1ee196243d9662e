"""Container logs and our own records, on their way to Loki."""
