package fire

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http/httputil"
	"strconv"
	"time"
)

// maxAnswer bounds an answer, in bytes.
const maxAnswer = 1 << 20

// connection is kept alive as long as the server lets it.
type connection struct {
	address  string
	deadline time.Time
	net      net.Conn
	reader   *bufio.Reader
	body     []byte
}

// Connection is one that is asked by hand.
type Connection struct{ connection }

// Dial prepares a connection that may be used for as long as given.
func Dial(address string, lasting time.Duration) *Connection {
	return &Connection{connection{address: address, deadline: time.Now().Add(lasting)}}
}

// Exchange sends a request and gives the answer; its body holds until the next.
func (c *Connection) Exchange(ctx context.Context, request []byte) (status int, body []byte, err error) {
	return c.exchange(ctx, request)
}

// Close ends it.
func (c *Connection) Close() { c.close() }

func (c *connection) close() {
	if c.net != nil {
		_ = c.net.Close() // all that was asked is answered
		c.net = nil
	}
}

func (c *connection) open(ctx context.Context) error {
	dialed, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", c.address)
	if err != nil {
		return err
	}
	if err := dialed.SetDeadline(c.deadline); err != nil {
		return errors.Join(err, dialed.Close())
	}
	c.net, c.reader = dialed, bufio.NewReaderSize(dialed, 16<<10)
	return nil
}

// exchange sends a request and gives the answer; the body holds until the next.
func (c *connection) exchange(ctx context.Context, request []byte) (status int, body []byte, err error) {
	if c.net == nil {
		if err := c.open(ctx); err != nil {
			return 0, nil, err
		}
	}
	if _, err := c.net.Write(request); err != nil {
		c.close()
		return 0, nil, err
	}
	status, keep, err := c.answer()
	if err != nil || !keep {
		c.close()
	}
	return status, c.body, err
}

func (c *connection) answer() (status int, keep bool, err error) {
	line, err := c.reader.ReadSlice('\n')
	if err != nil {
		return 0, false, fmt.Errorf("the answer's first line: %w", err)
	}
	// HTTP/1.1 200 OK
	if len(line) < 12 || !bytes.HasPrefix(line, []byte("HTTP/1.1 ")) {
		return 0, false, fmt.Errorf("not an HTTP/1.1 answer: %q", line)
	}
	if status, err = strconv.Atoi(string(line[9:12])); err != nil {
		return 0, false, fmt.Errorf("not a status: %q", line)
	}
	length, chunked, keep, err := c.head()
	if err != nil {
		return status, false, err
	}
	return status, keep, c.read(status, length, chunked)
}

func (c *connection) head() (length int, chunked, keep bool, err error) {
	length, keep = -1, true
	for {
		line, err := c.reader.ReadSlice('\n')
		if err != nil {
			return 0, false, false, fmt.Errorf("the answer's head: %w", err)
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			return length, chunked, keep, nil
		}
		switch line[0] {
		case 'C', 'c':
			if value, ok := field(line, "content-length:"); ok {
				if length, err = strconv.Atoi(string(value)); err != nil {
					return 0, false, false, fmt.Errorf("the answer's length: %w", err)
				}
			} else if value, ok := field(line, "connection:"); ok {
				keep = !bytes.EqualFold(value, []byte("close"))
			}
		case 'T', 't':
			if value, ok := field(line, "transfer-encoding:"); ok {
				chunked = bytes.EqualFold(value, []byte("chunked"))
			}
		}
	}
}

// field gives the value of a header field with the given lower-case name.
func field(line []byte, name string) ([]byte, bool) {
	if len(line) < len(name) || !bytes.EqualFold(line[:len(name)], []byte(name)) {
		return nil, false
	}
	return bytes.TrimSpace(line[len(name):]), true
}

func (c *connection) read(status, length int, chunked bool) error {
	c.body = c.body[:0]
	switch {
	case status == 204 || status == 304 || length == 0:
		return nil
	case chunked:
		return c.chunks()
	case length < 0 || length > maxAnswer:
		return fmt.Errorf("an answer of %d bytes", length)
	}
	if cap(c.body) < length {
		c.body = make([]byte, length)
	}
	c.body = c.body[:length]
	_, err := io.ReadFull(c.reader, c.body)
	return err
}

// chunks reads to the end of a chunked body; its trailer is empty (RFC 9112,
// section 7.1).
func (c *connection) chunks() error {
	body := bytes.NewBuffer(c.body)
	if _, err := body.ReadFrom(io.LimitReader(httputil.NewChunkedReader(c.reader), maxAnswer)); err != nil {
		return err
	}
	c.body = body.Bytes()
	line, err := c.reader.ReadSlice('\n')
	if err == nil && len(bytes.TrimSpace(line)) > 0 {
		err = fmt.Errorf("a trailer: %q", line)
	}
	return err
}

func firstLine(request []byte) []byte {
	line, _, _ := bytes.Cut(request, []byte("\r\n"))
	return line
}
