"""Readers of architectures: YAML specs, Terraform, CloudFormation and usage files."""
