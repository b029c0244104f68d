"""Tests of the pipeline: its rules, its processes, and the whole running system."""
