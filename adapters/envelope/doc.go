// Package envelope encrypts what storage keeps and nobody who reads the
// database may know: signing keys and other small secrets.
//
// AES-256-GCM under a key that HKDF-SHA-256 derives from the service's secret
// for this one purpose, with the name of what is sealed as associated data, so
// that one sealed value can't be put in another's place. The package stores
// nothing and knows nothing of what it seals.
package envelope
