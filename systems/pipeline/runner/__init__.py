"""Runs the jobs of build, test and scan: processes that nobody but their runner owns."""
