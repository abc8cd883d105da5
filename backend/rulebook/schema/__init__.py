"""The rule language as pydantic models: one schema for editor, engine, texts and docs."""

from backend.rulebook.schema.edition import Edition

__all__ = ["Edition"]
