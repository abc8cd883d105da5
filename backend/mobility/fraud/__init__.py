"""Signs of fraud: in one trace, between traces, between schemes, between people over time.

Each finding is a code with its figures. A sign holds a trip for review; only what cannot be
physically true refuses it. None of them bans anybody.
"""
