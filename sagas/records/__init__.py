"""What outlives the workflow: records, their index, lists, the audit trail."""
