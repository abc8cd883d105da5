"""Takings turned into euro."""
