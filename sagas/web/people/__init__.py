"""The door's doorkeeper: who comes in, and who may do what; asked only where people are set up."""
