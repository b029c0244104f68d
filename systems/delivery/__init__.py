"""Food delivery: an order is cooked, a driver found and followed to the door, or all is undone."""
