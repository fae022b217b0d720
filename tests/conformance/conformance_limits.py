"""Limits that the service under test is configured with: small, so that one byte more is quick to send."""

LIMIT_BYTES = 1 << 20
