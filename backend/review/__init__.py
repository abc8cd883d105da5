"""Doubtful acts: signals that hold a reward, the queue of reviewers, appeals, mass balance."""
