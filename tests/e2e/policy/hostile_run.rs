//! Policies that fail at run time.
