"""Adapters: other registries' rule sets and recorded cases, translated into our language."""
