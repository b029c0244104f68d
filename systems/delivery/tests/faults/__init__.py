"""Drills of the running system of deliveries."""
