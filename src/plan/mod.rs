//! The plan: stages and steps, what they need, what they cost.
