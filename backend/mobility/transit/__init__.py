"""Public transport timetables (GTFS) and whether a leg followed one of their trips."""
