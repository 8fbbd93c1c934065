package sms

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

const (
	sendTimeout = 15 * time.Second
	maxAnswer   = 64 << 10 // bytes that are read of an answer, so that the connection can serve again
)

// Gateway sends texts by a form POST with To and Body, as Twilio's API for
// messages takes it and others after it.
type Gateway struct {
	endpoint string
	user     *url.Userinfo
	fields   url.Values
	service  string
	client   *http.Client
}

var _ outbound.Texter = (*Gateway)(nil)

// NewGateway reads https://account:token@host/path?From=%2B15550100. The
// account and token become Basic credentials, the query's parameters fields of
// the form. The texts speak of the service by its name.
func NewGateway(gateway domain.Secret, service string) (*Gateway, error) {
	u, err := url.Parse(gateway.Reveal())
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return nil, errors.New("sms: the gateway's URL must be http or https")
	}
	g := &Gateway{user: u.User, fields: u.Query(), service: service, client: &http.Client{
		Timeout: sendTimeout,
		// A redirect would carry the code to whom nobody named.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	u.User, u.RawQuery, u.Fragment = nil, "", ""
	g.endpoint = u.String()
	return g, nil
}

// Send implements the port. Any answer of 2xx is a delivery.
func (g *Gateway) Send(ctx context.Context, t outbound.Text) error {
	form := maps.Clone(g.fields)
	form.Set("To", string(t.To))
	form.Set("Body", words(g.service, t))
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, g.endpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return domain.Internal(errors.New("sms: the gateway's URL makes no request"))
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if g.user != nil {
		password, _ := g.user.Password()
		request.SetBasicAuth(g.user.Username(), password)
	}
	response, err := g.client.Do(request)
	if err != nil {
		var failed *url.Error // its text repeats the address, which may hold an account's name
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return domain.Unavailable(fmt.Errorf("sms: %w", err), sendTimeout)
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxAnswer)) // what it says may quote the message
	if err := response.Body.Close(); err != nil {
		return domain.Unavailable(fmt.Errorf("sms: %w", err), sendTimeout)
	}
	if response.StatusCode/100 != 2 {
		return domain.Unavailable(fmt.Errorf("sms: the gateway answered %d", response.StatusCode), sendTimeout)
	}
	return nil
}

func words(service string, t outbound.Text) string {
	return fmt.Sprintf("%s is your code for %s. Tell it to nobody.", t.Code.Reveal(), service)
}
