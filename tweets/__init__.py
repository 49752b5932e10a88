"""Everything specific to tweets, following the contract in docs/architecture.md."""
