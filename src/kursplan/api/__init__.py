"""The Open API over HTTP: routes, wire types, errors, keys, scopes and limits."""
