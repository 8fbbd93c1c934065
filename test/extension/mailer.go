package extension

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// Mailer hands mails to a service that takes JSON.
type Mailer struct {
	endpoint string
	client   *http.Client
}

var _ outbound.Mailer = (*Mailer)(nil)

// NewMailer makes a mailer.
func NewMailer(endpoint string, client *http.Client) *Mailer {
	return &Mailer{endpoint: endpoint, client: client}
}

// Letter is what the service gets; it renders the template by itself.
type Letter struct {
	To       string `json:"to"`
	Template string `json:"template"`
	Text     string `json:"text"`
}

const retryAfter = time.Minute

// Send implements the port.
func (m *Mailer) Send(ctx context.Context, mail outbound.Mail) error {
	letter := Letter{To: string(mail.To), Template: string(mail.Template), Text: fmt.Sprintf("%s: %s %s", mail.Username, mail.Token.Reveal(), mail.Link.Reveal())}
	body, err := json.Marshal(letter)
	if err != nil {
		return domain.Internal(err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, m.endpoint, bytes.NewReader(body))
	if err != nil {
		return domain.Internal(errors.New("the mail service's address makes no request"))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("Idempotency-Key", string(mail.Template)+"-"+mail.ID)
	response, err := m.client.Do(request)
	if err != nil {
		var failed *url.Error // its text repeats the address
		if errors.As(err, &failed) {
			err = failed.Err
		}
		return domain.Unavailable(err, retryAfter)
	}
	if err := response.Body.Close(); err != nil {
		return domain.Unavailable(err, retryAfter)
	}
	if response.StatusCode/100 != 2 {
		return domain.Unavailable(fmt.Errorf("the mail service answered %d", response.StatusCode), retryAfter)
	}
	return nil
}
