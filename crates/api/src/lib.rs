//! HTTP: one file per endpoint with its OpenAPI, problem+json, the services listener.
