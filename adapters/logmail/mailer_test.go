package logmail_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/sallyport-auth/sallyport/adapters/logmail"
	"github.com/sallyport-auth/sallyport/application"
	"github.com/sallyport-auth/sallyport/domain"
)

func TestAMailIsOneLineThatHoldsItsText(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	core := zapcore.NewCore(zapcore.NewJSONEncoder(zap.NewProductionEncoderConfig()), zapcore.AddSync(&out), zapcore.InfoLevel)
	mail := application.Mail{
		ID: "m1", To: domain.StoredEmail("ada@example.com"), Subject: "Hello",
		Text: domain.NewSecret("open\nhttps://auth.example.com/verify-email#token=t\n"),
	}
	if err := logmail.New(zap.New(core)).Send(t.Context(), mail); err != nil {
		t.Fatalf("Send: %v", err)
	}
	if n := bytes.Count(out.Bytes(), []byte("\n")); n != 1 {
		t.Errorf("got %d lines, want 1: %s", n, &out)
	}
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("parse %q: %v", &out, err)
	}
	for member, want := range map[string]string{"to": "ada@example.com", "subject": "Hello", "text": mail.Text.Reveal(), "message": "m1"} {
		if got[member] != want {
			t.Errorf("%s: got %q, want %q", member, got[member], want)
		}
	}
}
