"""What runs inside the workflow: deterministic, no I/O."""
