"""A CI/CD pipeline: from a commit to production, or nothing of it stays."""
