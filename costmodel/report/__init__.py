"""Tables into text, markdown, JSON, CSV, figures and HTML."""
