// Package bootstrap composes the service: it reads the command line and the
// environment, builds the graph of adapters and use cases with fx, runs what
// was asked for, and turns what went wrong into one line and an exit code.
//
// It decides nothing about users or tokens. Storage adapters join the value
// group "storage", and the scheme of SALLYPORT_DATABASE_URL picks one; of the
// stock ones it knows no more than where an SQLite file lies, beside which a
// development secret is kept, and whether a PostgreSQL URL asks for TLS.
//
// To add a setting, add a field to Configuration and a rule to rules. To add a
// use case, add its constructor to useCases. To add a module, append it to
// what cmd/sallyport/main.go passes to Main.
package bootstrap
