"""DriverService: where drivers are, one offer at a time for each, and the ride to the door."""
