"""What the API takes and gives, as pydantic models: they are the OpenAPI document."""
