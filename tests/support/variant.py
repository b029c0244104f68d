"""What the shared test system runs on: the same tests run on every profile, and with replicas."""

import os

PROFILE, REPLICAS = os.environ.get("PROFILE", ""), int(os.environ.get("REPLICAS", "1"))
SECURE = os.environ.get("SECURE", "") == "1"
AHEAD = float(os.environ.get("AHEAD", "0"))  # by how many seconds the second replica's clocks are
