"""Answers about bills for reading: tables, figures, pages."""
