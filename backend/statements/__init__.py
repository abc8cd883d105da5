"""Statements: what a merchant took in and was paid, as PDF, CSV and invoice data."""
