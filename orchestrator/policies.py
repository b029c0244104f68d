"""Named retry policies: how often a step is tried before its fault counts.

Only faults are retried (a service down, a 5xx, no answer); refusals come back as values. The times
are what lies between tries; each try itself may take up to the sidecar client's timeout.
"""

from datetime import timedelta

from dapr.ext.workflow import RetryPolicy

STEP = RetryPolicy(  # 4 tries within 1.75 s: a customer waits
    first_retry_interval=timedelta(milliseconds=250),
    backoff_coefficient=2,
    max_number_of_attempts=4,
)

UNDO = RetryPolicy(  # 20 tries within 7.5 minutes: nobody waits, and giving up needs a person
    first_retry_interval=timedelta(milliseconds=500),
    backoff_coefficient=2,
    max_retry_interval=timedelta(seconds=30),
    max_number_of_attempts=20,
)

INSIST = RetryPolicy(  # one round of 100 tries, about 95 minutes; the saga starts round after round
    first_retry_interval=timedelta(milliseconds=500),
    backoff_coefficient=2,
    max_retry_interval=timedelta(minutes=1),
    max_number_of_attempts=100,
)
