"""StorageService: an S3 bucket and a user for each tenant."""
