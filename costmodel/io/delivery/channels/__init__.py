"""The ways an alert leaves: HTTP, e-mail, SNS, a program."""
