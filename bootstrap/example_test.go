package bootstrap_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"

	"go.uber.org/zap"

	"github.com/keystone-auth/keystone/application/grants"
	"github.com/keystone-auth/keystone/application/tokens"
	"github.com/keystone-auth/keystone/bootstrap"
	"github.com/keystone-auth/keystone/bootstrap/config"
	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
	"github.com/keystone-auth/keystone/ports/outbound"
)

// serve starts a server with the options, hands its URL to use, and stops it.
func serve(use func(url string), options ...bootstrap.Option) {
	cfg, err := config.New(map[string]string{"http_addr": "127.0.0.1:0", "ops_addr": ""})
	if err != nil {
		log.Fatal(err)
	}
	quiet := []bootstrap.Option{bootstrap.Embedded(), bootstrap.WithLogger(zap.NewNop()), bootstrap.WithNotices(io.Discard)}
	app, err := bootstrap.New(cfg, append(quiet, options...)...)
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	use("http://" + app.Addr().String())
	if err := app.Stop(ctx); err != nil {
		log.Fatal(err)
	}
}

func get(url string, into any) int {
	answer, err := http.Get(url)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	if into != nil {
		if err := json.NewDecoder(answer.Body).Decode(into); err != nil {
			log.Fatal(err)
		}
	}
	return answer.StatusCode
}

func ExampleEmbedded() {
	cfg, err := config.New(map[string]string{"http_addr": "127.0.0.1:0", "ops_addr": ""})
	if err != nil {
		log.Fatal(err)
	}
	app, err := bootstrap.New(cfg, bootstrap.Embedded(), bootstrap.WithLogger(zap.NewNop()), bootstrap.WithNotices(io.Discard))
	if err != nil {
		log.Fatal(err)
	}
	ctx := context.Background()
	if err := app.Start(ctx); err != nil {
		log.Fatal(err)
	}
	fmt.Println(get("http://"+app.Addr().String()+"/readyz", nil))
	if err := app.Stop(ctx); err != nil {
		log.Fatal(err)
	}
	// Output: 200
}

func ExampleWithListener() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	serve(func(url string) {
		fmt.Println(url == "http://"+listener.Addr().String())
	}, bootstrap.WithListener(listener))
	// Output: true
}

// plainHasher stores passwords as they are, as no server should.
type plainHasher struct{}

func (plainHasher) Hash(_ context.Context, password domain.Secret) (string, error) {
	return password.Reveal(), nil
}

func (plainHasher) Verify(_ context.Context, password domain.Secret, encoded string) (match, outdated bool, err error) {
	return encoded != "" && password.Reveal() == encoded, false, nil
}

func ExampleReplace() {
	serve(func(url string) {
		fmt.Println(get(url+"/readyz", nil)) // no Argon2 was made, or asked
	}, bootstrap.Replace[outbound.PasswordHasher](plainHasher{}))
	// Output: 200
}

// curious tells of every login name that is looked up.
type curious struct{ outbound.UserDirectory }

func (c curious) ByLogin(ctx context.Context, folded string, isEmail bool) (*user.User, error) {
	found, err := c.UserDirectory.ByLogin(ctx, folded, isEmail)
	fmt.Println("looked for", folded, "and found", found != nil)
	return found, err
}

func ExampleDecorate() {
	wrap := func(next outbound.UserDirectory) outbound.UserDirectory { return curious{next} }
	serve(func(url string) {
		login := "grant_type=password&username=alice&password=guess"
		answer, err := http.Post(url+"/api/v1/auth/token", "application/x-www-form-urlencoded", strings.NewReader(login))
		if err != nil {
			log.Fatal(err)
		}
		defer answer.Body.Close()
		fmt.Println(answer.StatusCode)
	}, bootstrap.Decorate(wrap))
	// Output:
	// looked for alice and found false
	// 400
}

// badge lets a client that shows a badge act for itself.
type badge struct{ clock outbound.Clock }

func newBadge(k bootstrap.Kit) badge { return badge{clock: k.Clock} }

func (badge) Name() string { return "urn:example:badge" }

func (badge) Rules() grants.Rules {
	return grants.Rules{Confidential: true, Required: []string{"badge"}}
}

func (badge) Prove(_ context.Context, r grants.Request) (grants.Proof, error) {
	if r.Params["badge"] != "gold" {
		return grants.Proof{}, domain.Invalid(domain.CodeInvalidGrant, "the badge is not valid")
	}
	subject := tokens.OfClient(r.Client)
	return grants.Proof{Subject: &subject}, nil
}

func ExampleWithGrant() {
	serve(func(url string) {
		var metadata struct {
			Grants []string `json:"grant_types_supported"`
		}
		get(url+"/.well-known/oauth-authorization-server", &metadata)
		fmt.Println(metadata.Grants[len(metadata.Grants)-1])
	}, bootstrap.WithGrant(newBadge))
	// Output: urn:example:badge
}

// stamp proves a client by a stamp of its own id.
type stamp struct{}

func newStamp(bootstrap.Kit) stamp { return stamp{} }

func (stamp) Describe() inbound.ClientAuthentication {
	return inbound.ClientAuthentication{Method: "example_stamp", Parameter: "client_stamp"}
}

func (stamp) Names(domain.Secret) string { return "" }

func (stamp) Proves(_ context.Context, c *client.ServiceClient, given inbound.ClientCredentials) (bool, error) {
	return given.Secret.Equal(domain.NewSecret("stamp of " + c.ClientID())), nil
}

func ExampleWithClientAuth() {
	serve(func(url string) {
		var metadata struct {
			Methods []string `json:"token_endpoint_auth_methods_supported"`
		}
		get(url+"/.well-known/oauth-authorization-server", &metadata)
		fmt.Println(metadata.Methods[len(metadata.Methods)-1])
	}, bootstrap.WithClientAuth(newStamp))
	// Output: example_stamp
}

// welcome greets whoever gets an account.
type welcome struct{ users outbound.UserDirectory }

func newWelcome(k bootstrap.Kit) welcome { return welcome{users: k.Users} }

func (welcome) Name() string { return "welcome" }

func (welcome) On() []domain.EventType { return []domain.EventType{domain.EventUserCreated} }

func (w welcome) React(ctx context.Context, o domain.Occurrence) error {
	id, err := domain.ParseID(o.Subject.ID)
	if err != nil {
		return err
	}
	newcomer, err := w.users.ByID(ctx, id)
	if err != nil {
		return err
	}
	greeted <- "welcome, " + string(newcomer.Username())
	return nil
}

var greeted = make(chan string, 1)

func ExampleWithReaction() {
	serve(func(string) {
		fmt.Println(<-greeted) // the first superuser is made as the server starts
	}, bootstrap.WithReaction(newWelcome))
	// Output: welcome, admin
}
