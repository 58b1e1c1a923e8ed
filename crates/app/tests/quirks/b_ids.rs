//! B. Message ids, and how receipts find their message.
