//! External programs: the only place that spawns, and the words they speak.
