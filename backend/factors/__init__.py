"""PINs and passkeys with which citizens prove large payments, as the backend knows them."""
