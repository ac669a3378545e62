//! The engine: carries a plan out and states what happened.
