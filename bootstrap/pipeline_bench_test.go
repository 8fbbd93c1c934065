package bootstrap

import (
	"testing"

	"github.com/keystone-auth/keystone/domain/client"
	"github.com/keystone-auth/keystone/domain/scope"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// BenchmarkPipeline is what the use cases cost below HTTP, on the embedded
// store with its durable commits.
func BenchmarkPipeline(b *testing.B) {
	const password = "correct horse battery staple"
	app, _ := start(b, embedded(b, "KEYSTONE_BOOTSTRAP_ADMIN_PASSWORD="+password))
	p := app.parts
	made, err := p.clients.CreateAsOperator(b.Context(), client.Draft{Name: "bench", Scopes: []string{string(scope.ReadUsers)}})
	if err != nil {
		b.Fatal(err)
	}
	service := inbound.ClientCredentials{Method: inbound.AuthBasic, ID: made.Client.ClientID, Secret: made.Secret}
	token := func(b *testing.B, r inbound.TokenRequest) inbound.TokenResponse {
		b.Helper()
		issued, err := p.pipeline.Token(b.Context(), r)
		if err != nil {
			b.Fatal(err)
		}
		return issued
	}
	login := inbound.TokenRequest{Params: map[string]string{"grant_type": "password", "username": "admin", "password": password}}
	machine := inbound.TokenRequest{Client: service, Params: map[string]string{"grant_type": "client_credentials"}}

	b.Run("client_credentials", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			token(b, machine)
		}
	})
	b.Run("refresh_token", func(b *testing.B) {
		b.ReportAllocs()
		presented := token(b, login).RefreshToken
		for b.Loop() {
			presented = token(b, inbound.TokenRequest{Params: map[string]string{"grant_type": "refresh_token", "refresh_token": presented.Reveal()}}).RefreshToken
		}
	})
	b.Run("validate, warm", func(b *testing.B) {
		b.ReportAllocs()
		raw := token(b, login).AccessToken.Reveal()
		for b.Loop() {
			if _, err := p.validator.Authenticate(b.Context(), raw); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("introspect, warm", func(b *testing.B) {
		b.ReportAllocs()
		raw := token(b, machine).AccessToken
		for b.Loop() {
			state, err := p.introspect.IntrospectAsClient(b.Context(), service, raw)
			if err != nil || !state.Active {
				b.Fatal(state, err)
			}
		}
	})
}
