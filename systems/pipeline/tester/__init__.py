"""TestService: runs the tests of a commit, and those against an environment."""
