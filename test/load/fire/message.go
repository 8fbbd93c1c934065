package fire

import (
	"bytes"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Message describes a request.
type Message struct {
	Method string // GET where empty and without a body
	Path   string
	Bearer string
	Basic  string // base64 of name:secret
	Form   url.Values
	JSON   string
}

// Bytes gives the request as it is sent.
func (m Message) Bytes() []byte {
	body, kind := m.JSON, "application/json"
	if m.Form != nil {
		body, kind = m.Form.Encode(), "application/x-www-form-urlencoded"
	}
	method := m.Method
	if method == "" {
		if method = "GET"; body != "" {
			method = "POST"
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: localhost\r\n", method, m.Path)
	if m.Bearer != "" {
		fmt.Fprintf(&b, "Authorization: Bearer %s\r\n", m.Bearer)
	}
	if m.Basic != "" {
		fmt.Fprintf(&b, "Authorization: Basic %s\r\n", m.Basic)
	}
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: %s\r\nContent-Length: %d\r\n", kind, len(body))
	}
	b.WriteString("\r\n" + body)
	return []byte(b.String())
}

// Same asks the same requests over and over, each answered with Status and a
// body that holds Contains.
type Same struct {
	Requests [][]byte
	Status   int
	Contains []byte
	next     int
}

// Request implements Visitor.
func (s *Same) Request(buffer []byte) []byte {
	if s.next++; s.next >= len(s.Requests) {
		s.next = 0
	}
	return append(buffer, s.Requests[s.next]...)
}

// Answer implements Visitor.
func (s *Same) Answer(status int, body []byte) (time.Duration, error) {
	return 0, Expect(status, s.Status, body, s.Contains)
}

// Start lets a visitor begin elsewhere in its requests than others do.
func (s *Same) Start(at int) *Same {
	s.next = at % len(s.Requests)
	return s
}

// Expect holds an answer to a status and a part of its body.
func Expect(status, want int, body, contains []byte) error {
	if status != want {
		return fmt.Errorf("status %d, want %d: %s", status, want, body[:min(len(body), 200)])
	}
	if !bytes.Contains(body, contains) {
		return fmt.Errorf("the answer is without %s: %s", contains, body[:min(len(body), 200)])
	}
	return nil
}

// Member gives a text member of a JSON object whose values need no escapes, as
// those of tokens and ids never do; nil where there is none.
func Member(body []byte, name string) []byte {
	for _, separator := range []string{`":"`, `": "`} {
		key := []byte(`"` + name + separator)
		if at := bytes.Index(body, key); at >= 0 {
			value := body[at+len(key):]
			if end := bytes.IndexByte(value, '"'); end >= 0 {
				return value[:end]
			}
		}
	}
	return nil
}

// AppendForm appends a POST of a form whose body is head and value joined.
func AppendForm(buffer []byte, path, head, value string) []byte {
	buffer = append(buffer, "POST "...)
	buffer = append(buffer, path...)
	buffer = append(buffer, " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: "...)
	buffer = strconv.AppendInt(buffer, int64(len(head)+len(value)), 10)
	buffer = append(buffer, "\r\n\r\n"...)
	buffer = append(buffer, head...)
	return append(buffer, value...)
}
