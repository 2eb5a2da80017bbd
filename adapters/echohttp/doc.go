// Package echohttp is HTTP in: it turns bytes into commands, calls a use case,
// and turns the result or the error into a response.
//
// openapi.yaml is the contract; api.gen.go holds the wire shapes generated
// from it. One function renders every error (problem.go), one reads every body
// (decode.go), and the guards (guards.go) are exported for routes of others.
// It decides nothing that a use case could decide, and knows no storage.
package echohttp
