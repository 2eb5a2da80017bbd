package e2e

import "strings"

// containsDeaf tells whether a log says that the change feed is lost.
func containsDeaf(log string) bool { return strings.Contains(log, "the database tells of no changes") }
