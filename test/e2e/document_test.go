package e2e

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/pb33f/libopenapi"
	validator "github.com/pb33f/libopenapi-validator"
	"github.com/pb33f/libopenapi-validator/config"
	"github.com/pb33f/libopenapi-validator/content"
	"github.com/pb33f/libopenapi-validator/paths"
	v3 "github.com/pb33f/libopenapi/datamodel/high/v3"
)

// Every exchange of this package is held to the document of the server that it
// was with: each answer has the form that is written there, each request that
// was accepted too, and nothing is served that is not written there. At the end
// each operation must have succeeded once and failed once.

// document is what a server says of itself, ready to hold exchanges to it.
type document struct {
	model     *v3.Document
	validator validator.Validator
	mu        sync.Mutex // the validator's caches grow as it works
}

var (
	documentsMu sync.Mutex
	documents   = map[string]*document{} // by text, with the issuer taken out
	driven      = map[string]outcomes{}  // by operation
)

// outcomes are how an operation was seen to end.
type outcomes struct {
	succeeded, failed bool
	canFail           bool // by the client's fault, as the document says
}

func readDocument(text, issuer string) (*document, error) {
	text = strings.ReplaceAll(text, issuer, "http://keystone.example")
	documentsMu.Lock()
	defer documentsMu.Unlock()
	if known := documents[text]; known != nil {
		return known, nil
	}
	parsed, err := libopenapi.NewDocument([]byte(text))
	if err != nil {
		return nil, err
	}
	model, err := parsed.BuildV3Model()
	if err != nil {
		return nil, err
	}
	d := &document{model: &model.Model}
	var problems []error
	if d.validator, problems = validator.NewValidator(parsed, config.WithFormatAssertions(), config.WithBodyDecoder(mediaForm, content.DecoderFunc(decodeForm))); len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	if ok, problems := d.validator.ValidateDocument(); !ok {
		return nil, fmt.Errorf("not an OpenAPI document: %v", problems)
	}
	for path, item := range model.Model.Paths.PathItems.FromOldest() {
		for method, operation := range item.GetOperations().FromOldest() {
			seen := driven[strings.ToUpper(method)+" "+path]
			for status := range operation.Responses.Codes.KeysFromOldest() {
				seen.canFail = seen.canFail || strings.HasPrefix(status, "4")
			}
			driven[strings.ToUpper(method)+" "+path] = seen
		}
	}
	documents[text] = d
	return d, nil
}

// decodeForm is the validator's own less a rule about characters that it applies
// to the decoded value, though the encoded one is what OpenAPI means.
func decodeForm(in *content.DecodeInput) (any, error) {
	text, err := io.ReadAll(in.Body)
	if err != nil {
		return nil, err
	}
	values, err := url.ParseQuery(string(text))
	object := map[string]any{}
	for name, value := range values {
		object[name] = value[0] // a repeated one is never accepted
	}
	return object, err
}

// apart are the paths of which the document is silent: pages for people, and
// the parts of the viewer.
var apart = regexp.MustCompile(`^/(verify-email|reset-password|device|docs/[^/]*)$`)

// observe notes what is wrong with an exchange.
func (s *Server) observe(request *http.Request, body string, replayable bool, got answer) {
	if request.Method == http.MethodHead || request.Method == http.MethodOptions || apart.MatchString(request.URL.Path) {
		return
	}
	if got.header.Get("X-Request-Id") == "" { // net/http or a proxy has refused it before Keystone was asked
		return
	}
	d, err := s.described()
	if err != nil {
		s.violate("the document: %v", err)
		return
	}
	item, _, path := paths.FindPath(request, d.model, nil)
	operation := request.Method + " " + path
	if item == nil || path == "" || item.GetOperations().GetOrZero(strings.ToLower(request.Method)) == nil {
		if got.status != http.StatusNotFound && got.status != http.StatusMethodNotAllowed {
			s.violate("%s %s answers %d and is in no document", request.Method, request.URL.Path, got.status)
		}
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	wellAnswered := got.status < http.StatusMultipleChoices
	for _, part := range parts(got) {
		if ok, problems := d.validator.ValidateHttpResponse(request, part); !ok {
			wellAnswered = false
			s.violate("%s: the answer %d is not as documented: %v\n%s", operation, got.status, problems, tail(string(got.body), 5))
		}
	}
	if wellAnswered && replayable {
		request.Body = io.NopCloser(strings.NewReader(body))
		if ok, problems := d.validator.ValidateHttpRequestSync(request); !ok {
			s.violate("%s: accepted, though not as documented: %v\n%s", operation, problems, tail(body, 5))
		}
	}
	documentsMu.Lock()
	defer documentsMu.Unlock()
	seen := driven[operation]
	seen.succeeded = seen.succeeded || wellAnswered
	seen.failed = seen.failed || got.status >= http.StatusBadRequest && got.status < http.StatusInternalServerError
	driven[operation] = seen
}

// parts gives the answer as the document describes it: of an export, which is
// one object a line, each line.
func parts(got answer) []*http.Response {
	bodies := [][]byte{got.body}
	if strings.HasPrefix(got.header.Get("Content-Type"), "application/x-ndjson") {
		bodies = bytes.Split(bytes.TrimSpace(got.body), []byte("\n"))
	}
	all := make([]*http.Response, 0, len(bodies))
	for _, body := range bodies {
		all = append(all, &http.Response{StatusCode: got.status, Header: got.header, Body: io.NopCloser(bytes.NewReader(body))})
	}
	return all
}

// described gives the server's document, read once.
func (s *Server) described() (*document, error) {
	s.documentMu.Lock()
	defer s.documentMu.Unlock()
	if s.document != nil {
		return s.document, nil
	}
	response, err := s.http.Get(s.URL + "/openapi.json")
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was read to its end, or the error says so
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	s.document, err = readDocument(string(text), s.Issuer)
	return s.document, err
}

func (s *Server) violate(format string, about ...any) {
	s.documentMu.Lock()
	defer s.documentMu.Unlock()
	if s.violations == nil {
		s.violations = map[string]bool{}
	}
	s.violations[fmt.Sprintf(format, about...)] = true
}

// checkDocument reports, once, each way in which exchanges were not as documented.
func (s *Server) checkDocument(t *testing.T) {
	t.Helper()
	s.documentMu.Lock()
	defer s.documentMu.Unlock()
	for _, violation := range slices.Sorted(maps.Keys(s.violations)) {
		t.Error(violation)
	}
}

// undriven lists the operations that this run left out. Only a whole run can tell.
func undriven() error {
	for _, chosen := range []string{"test.run", "test.skip"} {
		if flag.Lookup(chosen).Value.String() != "" {
			return nil
		}
	}
	documentsMu.Lock()
	defer documentsMu.Unlock()
	var missing []error
	for _, operation := range slices.Sorted(maps.Keys(driven)) {
		seen := driven[operation]
		if !seen.succeeded {
			missing = append(missing, fmt.Errorf("no test has %s succeed", operation))
		}
		if seen.canFail && !seen.failed {
			missing = append(missing, fmt.Errorf("no test has %s refused", operation))
		}
	}
	if len(driven) == 0 {
		missing = append(missing, errors.New("no operation was driven"))
	}
	return errors.Join(missing...)
}
