package application

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"text/template"
	"time"
	"unicode/utf8"

	"github.com/sallyport-auth/sallyport/domain"
)

// The texts of mails, by name. The three that carry a token are named after
// what the token is good for.
const (
	mailVerifyEmail       = string(domain.MailVerifyEmail)
	mailChangeEmail       = string(domain.MailChangeEmail)
	mailResetPassword     = string(domain.MailResetPassword)
	mailAlreadyRegistered = "already_registered"
	mailEmailChanging     = "email_changing"
)

//go:embed mails/*.txt
var stockMails embed.FS

// MailTemplates are the texts of mails: text/template, whose first line is
// "Subject: …", then an empty line, then the text.
type MailTemplates struct{ byName map[string]*template.Template }

// MailText is what a template can say. There is nothing in it that a stranger
// chose freely, such as a name: or anybody could make this service mail their
// words to anybody.
type MailText struct {
	To       string // who gets the mail
	Site     string // the host of SALLYPORT_PUBLIC_URL
	Link     string // with the token, where there is one
	NewEmail string // of email_changing
	Valid    string // how long the link works: "30 minutes"
}

// sampleMail is what each template is tried on.
var sampleMail = MailText{
	To: "ada@example.com", Site: "auth.example.com", Link: "https://auth.example.com/verify-email#token=sample",
	NewEmail: "ada@example.org", Valid: "30 minutes",
}

// StockMailTemplates returns the texts that come with the service.
func StockMailTemplates() *MailTemplates {
	t, err := parseMailTemplates(stockMails, "mails")
	if err != nil { // a test reads them, so that no server ever does this
		panic(err)
	}
	return t
}

// LoadMailTemplates returns the stock texts, each replaced by the file of the
// same name in folder. Its errors name the file, and the mend.
func LoadMailTemplates(folder fs.FS) (*MailTemplates, error) {
	all := StockMailTemplates()
	own, err := parseMailTemplates(folder, ".")
	if err != nil {
		return nil, err
	}
	for name, t := range own.byName {
		if all.byName[name] == nil {
			return nil, fmt.Errorf("%s.txt: there is no such mail; the names are %s", name, strings.Join(all.names(), ", "))
		}
		all.byName[name] = t
	}
	return all, nil
}

func (t *MailTemplates) names() []string {
	var names []string
	for name := range t.byName {
		names = append(names, name+".txt")
	}
	slices.Sort(names)
	return names
}

func parseMailTemplates(folder fs.FS, dir string) (*MailTemplates, error) {
	entries, err := fs.ReadDir(folder, dir)
	if err != nil {
		return nil, fmt.Errorf("read the folder: %w", err)
	}
	t := &MailTemplates{map[string]*template.Template{}}
	for _, entry := range entries {
		name, ok := strings.CutSuffix(entry.Name(), ".txt")
		if !ok || strings.HasPrefix(name, ".") || entry.IsDir() {
			continue
		}
		if err := t.add(folder, path.Join(dir, entry.Name()), name); err != nil {
			return nil, fmt.Errorf("%s: %w", entry.Name(), err)
		}
	}
	return t, nil
}

// add parses one file and tries it, so that a mistake in it is found at the
// start and not when somebody waits for the mail.
func (t *MailTemplates) add(folder fs.FS, file, name string) error {
	content, err := fs.ReadFile(folder, file)
	if err != nil {
		return err
	}
	parsed, err := template.New(name).Option("missingkey=error").Parse(string(content))
	if err != nil {
		return err
	}
	t.byName[name] = parsed
	_, text, err := t.render(name, sampleMail)
	if err != nil {
		return err
	}
	carriesToken := slices.Contains([]string{mailVerifyEmail, mailChangeEmail, mailResetPassword}, name)
	if carriesToken && !strings.Contains(text, sampleMail.Link) {
		return errors.New("must hold {{.Link}}, or the mail would be good for nothing")
	}
	return nil
}

// maxMailText is the longest text of a mail in bytes.
const maxMailText = 64 << 10

var errMailShape = errors.New(`must begin with one line "Subject: …" and an empty line, and hold at most 64 KiB of UTF-8 text without control characters`)

func (t *MailTemplates) render(name string, values MailText) (subject, text string, err error) {
	parsed := t.byName[name]
	if parsed == nil {
		return "", "", fmt.Errorf("there is no mail %q in this release", name)
	}
	var out strings.Builder
	if err := parsed.Execute(&limitedWriter{&out, maxMailText}, values); err != nil {
		return "", "", err
	}
	whole := strings.ReplaceAll(out.String(), "\r\n", "\n")
	head, text, ok := strings.Cut(whole, "\n\n")
	subject, isSubject := strings.CutPrefix(head, "Subject:")
	subject = strings.TrimSpace(subject)
	if !ok || !isSubject || subject == "" || !isMailText(subject, "") || !isMailText(text, "\n\t") {
		return "", "", errMailShape
	}
	return subject, text, nil
}

// isMailText reports whether s is UTF-8 without control characters but for those allowed.
func isMailText(s, allowed string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool {
		return (r < 0x20 || r == 0x7f) && !strings.ContainsRune(allowed, r)
	})
}

// limitedWriter refuses what is longer than left.
type limitedWriter struct {
	w    io.Writer
	left int
}

func (l *limitedWriter) Write(p []byte) (int, error) {
	if l.left -= len(p); l.left < 0 {
		return 0, errMailShape
	}
	return l.w.Write(p)
}

// inWords says a lifetime as people do: "30 minutes", "24 hours".
func inWords(d time.Duration) string {
	d = d.Round(time.Minute) // of a lifetime, some moments may have passed
	if d%time.Hour == 0 && d > time.Hour {
		return fmt.Sprintf("%d hours", d/time.Hour)
	}
	return fmt.Sprintf("%d minutes", d/time.Minute)
}
