package clients

import (
	"slices"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// Offer is what this installation lets clients register for.
type Offer struct {
	GrantTypes   []string
	Confidential []string // those that a client must prove itself for
	Methods      []inbound.ClientAuthentication
	// Keys holds a JWK Set to what may be registered; see outbound.Assertions.
	Keys func(document []byte) ([]byte, error)
}

// Resolve finds out what a method proves a client by, and gives the keys in the
// form that is kept.
func (o Offer) Resolve(a client.Authentication) (client.Authentication, error) {
	a.By = client.ByUnknown
	if a.Method == "" {
		a.By = client.BySecret
	}
	for _, method := range o.Methods {
		if string(method.Method) == a.Method {
			a.By = proofOf(method)
		}
	}
	if a.Keys != "" {
		kept, err := o.Keys([]byte(a.Keys))
		if err != nil {
			return a, err
		}
		a.Keys = string(kept)
	}
	return a, nil
}

// Changed is Resolve for a change: what it leaves out stays.
func (o Offer) Changed(c *client.ServiceClient, change client.Change) (client.Change, error) {
	return o.resolve(c.AuthMethod(), change)
}

// Judge holds a change to the rules that ask nothing of the client it is made to.
func (o Offer) Judge(change client.Change) error {
	resolved, err := o.resolve("", change)
	return domain.AllFields(err, resolved.Check())
}

func (o Offer) resolve(method string, change client.Change) (client.Change, error) {
	next := client.Authentication{Method: method}
	if change.AuthMethod != nil {
		next.Method = *change.AuthMethod
	}
	if change.Keys != nil {
		next.Keys = *change.Keys
	}
	next, err := o.Resolve(next)
	if change.Keys != nil {
		change.Keys = &next.Keys
	}
	change.By = next.By
	return change, err
}

func proofOf(method inbound.ClientAuthentication) client.Proof {
	switch {
	case method.Method == inbound.AuthNone:
		return client.ByNothing
	case len(method.Algorithms) > 0:
		return client.ByKeys
	}
	return client.BySecret
}

// Check holds a client that proves nothing to the grants that need no proof.
func (o Offer) Check(c *client.ServiceClient) error {
	confidential := func(grant string) bool { return slices.Contains(o.Confidential, grant) }
	if c.IsPublic() && slices.ContainsFunc(c.Snapshot().GrantTypes, confidential) {
		return domain.InvalidFields(domain.Field{Name: "grant_types", Code: "confidential", Message: "must not hold a grant that needs the client to prove itself"})
	}
	return nil
}
