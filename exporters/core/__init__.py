"""What every exporter needs and none of them is; it knows no exporter by name."""
