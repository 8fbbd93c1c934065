package rest

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/keystone-auth/keystone/domain/scope"
)

// What the examples of the document are made of.
const (
	sampleID       = "01a20932-f428-7950-ab46-950e3e1795d0"
	sampleTime     = "2026-11-23T16:17:44Z"
	samplePassword = "correct horse battery staple"
	sampleEmail    = "alice@example.com"
	sampleRole     = "auditor"
	sampleScope    = string(scope.ReadAudit)
	sampleAddress  = "192.0.2.7"
	sampleAccess   = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJzdWIiOiIwMWEyMDkzMiJ9.c2ln"
)

// samples are example values by the name of their member, which means the same
// wherever it appears; what differs has an example in its tags.
var samples = map[string]any{
	"access_token": sampleAccess, "access_token_lifetime": 600, "action": "read", "active": true, "address": sampleAddress,
	"algorithm": "ES256", "all": true, "allowed": true, "assertion": sampleAccess, "subject_token": sampleAccess, "subject_token_type": "urn:ietf:params:oauth:token-type:access_token", "aud": []any{"https://id.example.com"}, "bio": "Reads a lot.", "client_id": "ksc_6gd6rxvfr5jeclzoauhj42abti",
	"client_secret": "kss_I0EIPt5Q9nymnojV", "code": "493021", "current": true, "current_password": samplePassword, "cursor": "y8Kz2TAxYTIwOTMy",
	"dependencies": map[string]any{"database": map[string]any{"status": "up", "latency_ms": 0.4}}, "description": "Reads the audit trail", "device": "curl/8.5.0",
	"display_name": "Alice", "email": sampleEmail, "exp": 1795105964, "expires_in": 900, "failed_login_attempts": 0, "failures": 3, "first_name": "Alice",
	"grace": 3600, "grant_types": []any{"client_credentials"}, "grant_types_supported": []any{"client_credentials"}, "iat": 1795105064, "id": sampleID,
	"is_active": true, "is_superuser": false, "is_verified": true, "iss": "https://id.example.com", "issuer": "https://id.example.com",
	"jti": sampleID, "kid": "3q2-7wEPmLk", "last_name": "Liddell", "latency_ms": 0.4, "locked_until": nil, "logins": 120, "name": sampleRole,
	"new_password": "seven tame herons at dusk", "next_cursor": nil, "outcome": "success", "overridden": []any{"access_token_ttl"}, "password": samplePassword,
	"pending_email": "alice@example.org", "phone": "+4312345678", "reason": nil, "refresh_token": "ksr_t-G9yZnAdWJ5", "request_id": sampleID,
	"resource": "audit", "response_types_supported": []any{}, "role": sampleRole, "roles": []any{"user"}, "scope": sampleScope, "scopes": []any{sampleScope},
	"scopes_supported": []any{sampleScope}, "service_documentation": "https://id.example.com/docs", "sid": sampleID, "sub": sampleID,
	"token": "AaIJMvQoeVCrRpUOPheV0A", "total": 1200, "type": "user.login_succeeded", "user_agent": "curl/8.5.0", "user_id": sampleID,
	"username": "alice", "values": map[string]any{"access_token_ttl": "5m0s"}, "version": 4,
	"token_endpoint": "https://id.example.com" + tokenPath, "introspection_endpoint": "https://id.example.com" + introspectPath,
	"revocation_endpoint": "https://id.example.com" + revokePath, "jwks_uri": "https://id.example.com" + jwksPath,
	"token_endpoint_auth_methods_supported":         []any{"client_secret_basic", "client_secret_post", "none"},
	"introspection_endpoint_auth_methods_supported": []any{"client_secret_basic", "client_secret_post", "Bearer"},
	"revocation_endpoint_auth_methods_supported":    []any{"client_secret_basic", "client_secret_post", "none"},
	"keys": []any{map[string]any{"kty": "EC", "use": "sig", "alg": "ES256", "kid": "3q2-7wEPmLk", "crv": "P-256", "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}},
}

// content is a body with an example of it.
func (d describer) content(media string, s *huma.Schema) map[string]*huma.MediaType {
	return map[string]*huma.MediaType{media: {Schema: s, Example: d.example("", s)}}
}

// example makes a value of the schema, for the member of that name.
func (d describer) example(name string, s *huma.Schema) any {
	if len(s.Examples) > 0 {
		return s.Examples[0]
	}
	if s.Ref != "" {
		return d.example(name, d.registry.SchemaFromRef(s.Ref))
	}
	if len(s.OneOf) > 0 {
		return d.example(name, s.OneOf[0])
	}
	if sample, ok := samples[name]; ok && (len(s.Enum) == 0 || s.Type == huma.TypeArray) {
		return sample
	}
	switch {
	case len(s.Enum) > 0:
		return s.Enum[0]
	case s.Format == "date-time":
		return sampleTime
	case s.Format == "uuid":
		return sampleID
	case s.Type == huma.TypeArray:
		return []any{d.example(name, s.Items)}
	case s.Type == huma.TypeObject:
		object := map[string]any{}
		for member, property := range s.Properties {
			object[member] = d.example(member, property)
		}
		return object
	case s.Nullable:
		return nil
	case s.Type == huma.TypeString:
		return name
	case s.Type == huma.TypeInteger, s.Type == huma.TypeNumber:
		return 1
	case s.Type == huma.TypeBoolean:
		return true
	}
	return nil
}

// tokenExample is a request about a token.
var tokenExample = map[string]*huma.Example{"refresh_token": {Summary: "A refresh token", Value: map[string]any{"token": samples["refresh_token"]}}}

// tokenExamples shows a request for each grant.
func (s *Server) tokenExamples() map[string]*huma.Example {
	examples := map[string]*huma.Example{}
	for _, grant := range s.use.Tokens.GrantTypes() {
		form := map[string]any{"grant_type": grant}
		for _, name := range s.use.Tokens.Parameters(grant) {
			if form[name] = samples[name]; form[name] == nil {
				form[name] = name
			}
		}
		examples[grant] = &huma.Example{Summary: "The grant " + grant, Value: form}
	}
	return examples
}
