// Package smtpmail hands mails to an SMTP server (RFC 5321), by TLS from the
// start or by STARTTLS, with or without a login.
//
// It makes one connection for each mail and keeps none, retries nothing (the
// outbox does), and never talks in the clear to another machine. What it says
// of a failure holds neither the text of a mail nor the password of the server.
package smtpmail
