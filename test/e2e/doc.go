// Package e2e tests the service as people use it: the built binary, over
// sockets, on each database, with every answer held against openapi.yaml.
package e2e
