package cli

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
)

// accountWriter writes accounts, line by line.
type accountWriter struct {
	write func(accountRecord) error
	flush func() error
}

func newAccountWriter(out io.Writer, format string) accountWriter {
	if format == formatCSV {
		w := csv.NewWriter(out)
		err := w.Write(accountColumns)
		return accountWriter{
			write: func(r accountRecord) error { return errors.Join(err, w.Write(r.cells())) },
			flush: func() error {
				w.Flush()
				return errors.Join(err, w.Error())
			},
		}
	}
	buffer := bufio.NewWriter(out)
	encoder := json.NewEncoder(buffer)
	encoder.SetEscapeHTML(false)
	return accountWriter{
		write: func(r accountRecord) error { return encoder.Encode(r) },
		flush: buffer.Flush,
	}
}
