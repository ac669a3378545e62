//! What travels inside the binary, and the operator's deployment bundle.
