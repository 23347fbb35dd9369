//! The table of the API, and the tests that it names.
