"""Dapr: the worker, workflows, participants, and the use cases over them."""
