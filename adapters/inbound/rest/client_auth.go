package rest

import (
	"encoding/base64"
	"net/http"
	"strings"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// credentialParameters carry what proves a client. One that no method on offer
// reads is an attempt all the same.
var credentialParameters = []string{"client_secret", "client_assertion", "client_assertion_type"}

// presented is what a form brings for one method.
type presented struct {
	inbound.ClientAuthentication
	proof, kind string
}

// clientCredentials takes what a request says about its client out of the
// header and the form (RFC 6749, section 2.3.1). A request that tries to
// authenticate and fails is never taken for one that does not try.
func (s *Server) clientCredentials(a authorization, form map[string]string) (inbound.ClientCredentials, error) {
	id := take(form, "client_id")
	tried := s.presented(form)
	switch {
	case a.headers > 1:
		return none(domain.CodeInvalidRequest, "the Authorization header must be sent once")
	case a.headers+len(tried) > 1:
		return none(domain.CodeInvalidRequest, "more than one method of client authentication is used")
	case len(tried) == 1:
		return tried[0].credentials(id)
	case a.headers == 1:
		if err := a.check(); err != nil {
			return inbound.ClientCredentials{}, err
		}
		if id != "" && id != a.basic.ID {
			return none(domain.CodeInvalidRequest, "client_id is not the client that authenticates")
		}
		return a.basic, nil
	case id != "":
		return inbound.ClientCredentials{Method: inbound.AuthNone, ID: id}, nil
	}
	return inbound.ClientCredentials{}, nil
}

// presented takes the methods that are tried out of the form; one without a
// name for what no method on offer reads.
func (s *Server) presented(form map[string]string) []presented {
	var tried []presented
	for _, method := range s.use.ClientAuth.ClientAuthentications() {
		if method.Parameter == "" {
			continue
		}
		p := presented{ClientAuthentication: method, proof: take(form, method.Parameter)}
		if method.Beside != "" {
			p.kind = take(form, method.Beside)
		}
		if p.proof != "" || p.kind != "" {
			tried = append(tried, p)
		}
	}
	unread := ""
	for _, name := range credentialParameters {
		unread += take(form, name)
	}
	if unread != "" {
		tried = append(tried, presented{})
	}
	return tried
}

func (p presented) credentials(id string) (inbound.ClientCredentials, error) {
	switch {
	case p.Method == "":
		return none(domain.CodeInvalidClient, "this method of client authentication is not supported")
	case p.kind != p.Kind:
		return none(domain.CodeInvalidClient, p.Beside+" must be "+p.Kind)
	case p.proof == "":
		return none(domain.CodeInvalidClient, p.Parameter+" is missing")
	case id == "" && !p.NamesClient:
		return none(domain.CodeInvalidClient, "client_id is missing")
	}
	return inbound.ClientCredentials{Method: p.Method, ID: id, Secret: domain.NewSecret(p.proof)}, nil
}

func take(form map[string]string, name string) string {
	value := form[name]
	delete(form, name)
	return value
}

// authorization is what the header of that name says about a client.
type authorization struct {
	headers int // how many there are
	basic   inbound.ClientCredentials
	isBasic bool
}

func readAuthorization(h http.Header) (a authorization) {
	values := h["Authorization"]
	if a.headers = len(values); a.headers == 1 {
		a.basic, a.isBasic = parseBasic(values[0])
	}
	return a
}

// check refuses a header that can't authenticate a client whatever the body
// says: 401 comes before what is wrong with the body (contract, section 2).
func (a authorization) check() error {
	if a.headers == 1 && !a.isBasic {
		return domain.E(domain.KindUnauthenticated, domain.CodeInvalidClient, "the Authorization header does not hold Basic credentials")
	}
	return nil
}

// noClientProof refuses a client's proof beside a bearer token: two ways to
// authenticate are one too many (RFC 6749, section 2.3).
func (s *Server) noClientProof(form map[string]string) error {
	credentials, err := s.clientCredentials(authorization{}, form)
	if err != nil || credentials.Proving() {
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
