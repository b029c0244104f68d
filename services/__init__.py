"""The four participants of a trip, each an HTTP service beside its own Dapr sidecar."""
