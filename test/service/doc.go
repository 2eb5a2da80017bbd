// Package service runs the built binary for tests: on free ports, on a
// database of the test's own, with its log kept, and with every response
// checked against the OpenAPI document that the service itself serves.
package service
