// Package kvstore is storage over any ordered key-value database: what adapters
// without a query language share, as sqlstore is what those with SQL share. An
// adapter brings an Engine of four operations on bytes; tables, indexes, ports
// and rules are here, and the stock service has no such adapter: test/example
// shows one for bbolt.
//
// A row is JSON under table NUL key; an entry of an index is the empty value
// under index NUL what NUL key. It opens no file and no connection.
package kvstore
