//! Use cases and long-running tasks: submit, outcome, ledger, connectors, SMSC listener, webhooks.
