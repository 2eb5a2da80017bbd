// Package application holds the use cases: what people and services do at the
// gate, one struct each, with the ports that they need as fields.
//
// Ports.go is the page for whoever writes an adapter. A use case decides; a
// port does; nothing here knows HTTP, SQL, fx, Echo or zap, and nothing here
// logs: what happened goes to the Recorder and to the audit store.
package application
