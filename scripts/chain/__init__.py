"""Scripts that deploy, check, measure and drill the contracts; nothing here imports the backend."""
