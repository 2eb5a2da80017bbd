// Package prommetrics counts for Prometheus: auth events by type and outcome,
// beside what the Go runtime and the process say of themselves.
//
// It never counts by anything that a client chooses, so that no client can
// make series.
package prommetrics
