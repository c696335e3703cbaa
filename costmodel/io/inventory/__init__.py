"""The state of an account, read through Describe, List and Get calls or from saved files."""
