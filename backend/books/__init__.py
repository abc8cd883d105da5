"""What the chain was seen to hold: blocks read, mints that are not ours, restores."""
