"""The door: HTTP routes, problems, and the console."""
