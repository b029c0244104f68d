"""Transfers of money between banks: the orchestrator and its participants."""
