package rest

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// clientCredentials takes what a request says about its client out of the
// header and the form (RFC 6749, section 2.3.1). A request that tries to
// authenticate and fails is never taken for one that does not try.
func clientCredentials(h http.Header, form map[string]string) (inbound.ClientCredentials, error) {
	id, secret := form["client_id"], form["client_secret"]
	asserted := form["client_assertion"] != "" || form["client_assertion_type"] != ""
	for _, name := range []string{"client_id", "client_secret", "client_assertion", "client_assertion_type"} {
		delete(form, name)
	}
	header := h["Authorization"]
	basic, post := len(header) > 0, secret != ""
	switch {
	case len(header) > 1:
		return none(domain.CodeInvalidRequest, "the Authorization header must be sent once")
	case basic && post, basic && asserted, post && asserted:
		return none(domain.CodeInvalidRequest, "more than one method of client authentication is used")
	case asserted:
		return none(domain.CodeInvalidClient, "client assertions are not supported")
	case basic:
		credentials, ok := parseBasic(header[0])
		if !ok {
			return none(domain.CodeInvalidClient, notBasic)
		}
		if id != "" && id != credentials.ID {
			return none(domain.CodeInvalidRequest, "client_id is not the client that authenticates")
		}
		return credentials, nil
	case post && id == "":
		return none(domain.CodeInvalidClient, "client_id is missing")
	case post:
		return inbound.ClientCredentials{Method: inbound.AuthPost, ID: id, Secret: domain.NewSecret(secret)}, nil
	case id != "":
		return inbound.ClientCredentials{Method: inbound.AuthNone, ID: id}, nil
	}
	return inbound.ClientCredentials{}, nil
}

const notBasic = "the Authorization header does not hold Basic credentials"

// checkBasic refuses a header that can't authenticate a client whatever the
// body says: 401 comes before what is wrong with the body (contract, section 2).
func checkBasic(h http.Header) error {
	header := h["Authorization"]
	if len(header) != 1 {
		return nil
	}
	if _, ok := parseBasic(header[0]); !ok {
		return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, notBasic)
	}
	return nil
}

// noClientSecret refuses a client's secret beside a bearer token: two ways to
// authenticate are one too many (RFC 6749, section 2.3).
func noClientSecret(form map[string]string) error {
	if form["client_secret"] != "" || form["client_assertion"] != "" {
		return domain.Invalid(domain.CodeInvalidRequest, "more than one method of authentication is used")
	}
	return nil
}

func none(code domain.Code, message string) (inbound.ClientCredentials, error) {
	kind := domain.KindInvalid
	if code == domain.CodeInvalidClient {
		kind = domain.KindUnauthenticated
	}
	return inbound.ClientCredentials{}, domain.E(kind, code, message)
}

// parseBasic reads Basic credentials (RFC 7617) whose id and secret were
// form-encoded first, as RFC 6749, section 2.3.1, asks. The secret may be empty:
// it is the use case's to refuse.
func parseBasic(header string) (inbound.ClientCredentials, bool) {
	scheme, encoded, _ := strings.Cut(header, " ")
	if !strings.EqualFold(scheme, "basic") {
		return inbound.ClientCredentials{}, false
	}
	plain, err := base64.StdEncoding.Strict().DecodeString(strings.Trim(encoded, " "))
	if err != nil {
		return inbound.ClientCredentials{}, false
	}
	id, secret, found := strings.Cut(string(plain), ":")
	id, okID := unescape(id)
	secret, okSecret := unescape(secret)
	if !found || !okID || !okSecret || id == "" {
		return inbound.ClientCredentials{}, false
	}
	return inbound.ClientCredentials{Method: inbound.AuthBasic, ID: id, Secret: domain.NewSecret(secret)}, true
}
