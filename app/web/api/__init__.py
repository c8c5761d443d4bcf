"""The HTTP interface for programs: orders, batches, results, the ledger."""
