//! AWS in our words: the trait `Cloud`, and request signing without an SDK.

pub mod sign;
