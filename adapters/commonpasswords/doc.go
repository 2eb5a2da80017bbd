// Package commonpasswords knows the passwords that are guessed first: some
// 45,000 of eight characters and more, which a policy refuses when somebody
// chooses one (NIST SP 800-63B-4 §3.1.1.2).
//
// The list is that of zxcvbn, under the MIT licence in LICENSE.zxcvbn. It lies
// sorted in the binary and is searched where it lies: nothing is loaded, and
// no memory is used but the pages that a search touches.
//
// It never sees what anybody's password is worth otherwise, and asks nobody.
package commonpasswords

//go:generate ./vendor.sh
