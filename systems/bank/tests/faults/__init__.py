"""Drills of the running banks."""
