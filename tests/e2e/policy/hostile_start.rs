//! Policies and rjk.toml files that httpd must not start with.
