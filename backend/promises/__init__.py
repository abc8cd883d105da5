"""Promises: payments that a phone signs without network and the shop's till hands in later."""
