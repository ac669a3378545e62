//! Answers: the file, the values it may hold, and everything made from the questions.
