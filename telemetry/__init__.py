"""What all apps tell of themselves: traces, metrics, logs. It knows nothing of trips."""
