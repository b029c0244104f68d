"""ScanService: looks for what is unsafe in a commit, and in what it depends on."""
