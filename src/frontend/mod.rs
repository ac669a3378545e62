//! Front ends: readers of a run.
