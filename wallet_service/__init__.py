"""The wallet service: keeps keys, judges what may be signed, signs, and never broadcasts."""
