"""Drills of the running pipeline."""
