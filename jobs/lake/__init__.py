"""The ground floor and the contract: settings, addresses, schemas, manifests, formats. Imports nothing else of ours."""
