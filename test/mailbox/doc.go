// Package mailbox is a real SMTP server on loopback that keeps what it gets,
// and refuses, stalls or asks for a login as a test tells it to.
//
//	box := mailbox.Start(t, mailbox.Config{})
//	… SALLYPORT_SMTP_URL=box.URL()
//	mail := box.WaitFor("ada@example.com")
//
// It relays nothing and listens on no other address.
package mailbox
