"""What goes to the bank and what comes back."""
