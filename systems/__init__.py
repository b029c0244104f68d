"""The systems that stand on the toolkit, one folder each."""
