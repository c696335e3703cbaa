"""The REST API and dashboard: an application on the public names of costmodel."""
