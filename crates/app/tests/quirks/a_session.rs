//! A. The session and the connection.
