"""The pages: server-rendered, French first; handlers are thin, templates see contexts only."""

from backend.web.installation import install

__all__ = ["install"]
