"""DeployService: environments, who holds them, and the releases that run there."""
