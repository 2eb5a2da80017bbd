package service

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"

	"github.com/sallyport-auth/sallyport/adapters/echohttp"
)

// Response is an answer that agreed with the OpenAPI document.
type Response struct {
	Status int
	Header http.Header
	Body   []byte

	t testing.TB
}

// Option changes a request before it is sent.
type Option func(*http.Request)

// Bearer presents an access token.
func Bearer(token string) Option { return Header("Authorization", "Bearer "+token) }

// Header sets a header.
func Header(name, value string) Option {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

// Form sends POST with a form.
func (s *Service) Form(path string, form url.Values, options ...Option) Response {
	s.t.Helper()
	options = append([]Option{Header("Content-Type", "application/x-www-form-urlencoded")}, options...)
	return s.Do(http.MethodPost, path, []byte(form.Encode()), options...)
}

// JSON sends a request with body as JSON, or without one when it is nil.
func (s *Service) JSON(method, path string, body any, options ...Option) Response {
	s.t.Helper()
	if body == nil {
		return s.Do(method, path, nil, options...)
	}
	text, err := json.Marshal(body)
	if err != nil {
		s.t.Fatalf("encode the body of %s %s: %v", method, path, err)
	}
	return s.Do(method, path, text, append([]Option{Header("Content-Type", "application/json")}, options...)...)
}

// Get sends GET.
func (s *Service) Get(path string, options ...Option) Response {
	s.t.Helper()
	return s.Do(http.MethodGet, path, nil, options...)
}

// Do sends a request, and fails the test when the answer is not as the OpenAPI
// document says.
func (s *Service) Do(method, path string, body []byte, options ...Option) Response {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, bytes.NewReader(body))
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	if body == nil {
		request.Body, request.ContentLength = http.NoBody, 0
	}
	for _, option := range options {
		option(request)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		s.t.Fatalf("%s %s: read the answer: %v", method, path, err)
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	checkAgainstDocument(s.t, request, response)
	return Response{Status: response.StatusCode, Header: response.Header, Body: text, t: s.t}
}

// Want fails the test unless the status is the one given, and returns the response.
func (r Response) Want(status int) Response {
	r.t.Helper()
	if r.Status != status {
		r.t.Fatalf("status %d, want %d: %s", r.Status, status, r.Body)
	}
	return r
}

// Into decodes the body.
func (r Response) Into(into any) {
	r.t.Helper()
	if err := json.Unmarshal(r.Body, into); err != nil {
		r.t.Fatalf("decode %s: %v", r.Body, err)
	}
}

// Detail returns the words of a problem.
func (r Response) Detail() string {
	r.t.Helper()
	var problem struct{ Detail string }
	r.Into(&problem)
	return problem.Detail
}

var documented = sync.OnceValues(func() (validator.Validator, error) {
	document, err := libopenapi.NewDocument(echohttp.Document())
	if err != nil {
		return nil, err
	}
	v, errs := validator.NewValidator(document)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return v, nil
})

var checking sync.Mutex // the validator keeps state

// checkAgainstDocument compares a response with openapi.yaml: a path and a
// method that are in it must answer as it says. What is not in it must be a 404
// or a 405.
func checkAgainstDocument(t testing.TB, request *http.Request, response *http.Response) {
	t.Helper()
	if request.Method == http.MethodOptions {
		return // a preflight is not the document's
	}
	v, err := documented()
	if err != nil {
		t.Fatalf("openapi.yaml: %v", err)
	}
	checking.Lock()
	defer checking.Unlock()
	if ok, problems := v.ValidateHttpResponse(request, response); !ok {
		for _, p := range problems {
			if (response.StatusCode == http.StatusNotFound || response.StatusCode == http.StatusMethodNotAllowed) && strings.Contains(strings.ToLower(p.Message), "not found") {
				continue
			}
			t.Errorf("%s %s answered %d, which openapi.yaml does not say: %s: %s %v", request.Method, request.URL.Path, response.StatusCode, p.Message, p.Reason, p.SchemaValidationErrors)
		}
	}
}
