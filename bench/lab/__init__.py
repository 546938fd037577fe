"""What measurements side by side share: stores, CPU time, the virtual environment, tables, pictures."""
