"""Drills of the running system of orders."""
