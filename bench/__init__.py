"""Measures this system against no engine and against other engines, with the same trip."""
