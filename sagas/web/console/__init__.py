"""The trip console: pages for a person who runs this and wants to look, not to read logs."""
