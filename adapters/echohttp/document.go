package echohttp

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"

	"github.com/labstack/echo/v4"
	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var documentYAML []byte

// document is the OpenAPI document in the two ways that it is served.
var document = struct{ yaml, json func() []byte }{
	yaml: func() []byte { return documentYAML },
	json: sync.OnceValue(func() []byte {
		body, err := yamlToJSON(documentYAML)
		if err != nil { // a test reads it, so that no server ever does this
			panic(fmt.Errorf("openapi.yaml: %w", err))
		}
		return body
	}),
}

// serveDocument answers with one form of the document.
func serveDocument(body func() []byte, contentType string) echo.HandlerFunc {
	return func(c echo.Context) error {
		c.Response().Header().Set("Cache-Control", "public, max-age=300")
		return c.Blob(http.StatusOK, contentType, body())
	}
}

// yamlToJSON converts a YAML document and keeps the order of its members,
// which is the order in which a reader meets the operations.
func yamlToJSON(text []byte) ([]byte, error) {
	var root yaml.Node
	if err := yaml.Unmarshal(text, &root); err != nil {
		return nil, fmt.Errorf("parse YAML: %w", err)
	}
	var out bytes.Buffer
	if err := writeJSON(&out, root.Content[0]); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func writeJSON(out *bytes.Buffer, node *yaml.Node) error {
	switch node.Kind {
	case yaml.MappingNode:
		return writeAll(out, node, '{', '}')
	case yaml.SequenceNode:
		return writeAll(out, node, '[', ']')
	case yaml.ScalarNode:
		var value any
		if err := node.Decode(&value); err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err != nil {
			return fmt.Errorf("line %d: %w", node.Line, err)
		}
		out.Truncate(out.Len() - 1) // the encoder's newline
		return nil
	}
	return fmt.Errorf("line %d: anchors have no place in the document", node.Line)
}

// writeAll writes the children of a sequence, or the keys and values of a mapping.
func writeAll(out *bytes.Buffer, node *yaml.Node, open, end byte) error {
	out.WriteByte(open)
	for i, child := range node.Content {
		switch {
		case open == '{' && i%2 == 1:
			out.WriteByte(':')
		case i > 0:
			out.WriteByte(',')
		}
		if open == '{' && i%2 == 0 { // a key is a string, also where it looks like a number
			child = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: child.Value, Line: child.Line}
		}
		if err := writeJSON(out, child); err != nil {
			return err
		}
	}
	out.WriteByte(end)
	return nil
}

// Document returns the OpenAPI document as YAML. Nobody may change it.
func Document() []byte { return documentYAML }
