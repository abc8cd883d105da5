"""Shared car trips that operators report, and what the national register says of them."""
