"""Terraform: directories, plans and states."""
