"""Every transaction to the chain: batch with its nonce, attempts with their signed bytes."""
