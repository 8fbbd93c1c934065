package rest

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystone-auth/keystone/domain/scope"
)

// field is one parameter of a form or query in the document.
type field struct {
	name        string
	description string
	required    bool
	values      []string // empty: any
	format      string
	numeric     *numeric // an integer
}

// numeric are the bounds of an integer parameter.
type numeric struct{ least, most, preset float64 }

func (s *Server) tokenForm() []field {
	grants := s.use.Tokens.GrantTypes()
	form := append([]field{
		{name: "grant_type", required: true, values: grants},
		{name: "scope", description: "Space-separated; absent asks for all that is held"},
	}, s.clientForm()...)
	for _, grant := range grants {
		for _, name := range s.use.Tokens.Parameters(grant) {
			form = append(form, field{name: name, description: "For the grant " + grant})
		}
	}
	return form
}

func (s *Server) presentedTokenForm() []field {
	return append([]field{
		{name: "token", required: true, description: "An access token or a refresh token"},
		{name: "token_type_hint", description: "Ignored: every kind of token is looked for"},
	}, s.clientForm()...)
}

// clientForm lists how a client names and proves itself in a form.
func (s *Server) clientForm() []field {
	form := []field{{name: "client_id", description: "Beside its proof, or alone for public clients; not needed beside Basic"}}
	for _, method := range s.use.ClientAuth.ClientAuthentications() {
		if method.Parameter != "" {
			form = append(form, field{name: method.Parameter, description: "For the method " + string(method.Method)})
		}
		if method.Beside != "" {
			form = append(form, field{name: method.Beside, description: "Beside " + method.Parameter, values: []string{method.Kind}})
		}
	}
	return form
}

// The security schemes of the document.
const (
	schemeBearer = "bearer"
	schemeClient = "client"
)

// tags are the chapters of the document.
var tags = []*huma.Tag{
	{Name: tagOAuth, Description: "Tokens: issued, looked into, ended. Failures are those of RFC 6749, of logout and permission checks problems."},
	{Name: tagUsers, Description: "Accounts: one's own, and others'."},
	{Name: tagRoles, Description: "What roles give, and the scopes there are."},
	{Name: tagClients, Description: "Service clients and their secrets."},
	{Name: tagOperations, Description: "Audit trail, settings, signing keys, statistics."},
	{Name: tagSystem, Description: "The process itself, and its description."},
}

const overview = "Authentication and authorization: OAuth 2.0 token endpoints, users, roles, scopes and service clients.\n\n" +
	"Every answer has X-Request-Id; send one (1 to 64 of A-Z a-z 0-9 . _ -) and it is taken. Failures are RFC 9457 problems, those of " +
	"the token endpoints RFC 6749 errors: decide by `code`, or by `error`. Lists are read with `limit` and the `next_cursor` of the page before. " +
	"PATCH merges (RFC 7396), and If-Match with the ETag that was read keeps others' changes. Nobody grants what they do not hold, or changes " +
	"a principal that holds more than they do."

// describer writes the document. Refusals that several endpoints share are
// written once.
type describer struct {
	registry huma.Registry
	refusals map[string]*huma.Response
}

// describe makes the OpenAPI document of the route table; its schemas are those
// of the very types that the handlers read and write.
func (s *Server) describe() ([]byte, error) {
	d := describer{registry: huma.NewMapRegistry("#/components/schemas/", huma.DefaultSchemaNamer), refusals: map[string]*huma.Response{}}
	document := &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{Title: "Keystone", Version: s.config.Version, Description: overview,
			Contact: &huma.Contact{Name: "Keystone", URL: "https://github.com/keystone-auth/keystone"},
			License: &huma.License{Name: "Apache 2.0", URL: "https://www.apache.org/licenses/LICENSE-2.0"}},
		Servers: []*huma.Server{{URL: s.config.Issuer}},
		Tags:    tags,
		Components: &huma.Components{Schemas: d.registry, Responses: d.refusals, SecuritySchemes: map[string]*huma.SecurityScheme{
			schemeBearer: {Type: "oauth2", Description: "An access token as Bearer (RFC 6750); the scope that an operation needs is named with it", Flows: s.flows()},
			schemeClient: {Type: "http", Scheme: "basic", Description: "client_id and client_secret (RFC 6749, section 2.3.1), or both in the form"},
		}},
	}
	for _, e := range s.endpoints {
		if !e.unlisted {
			document.AddOperation(d.operation(e))
		}
	}
	for _, object := range d.registry.Map() {
		for _, property := range object.Properties {
			if property.Type == huma.TypeArray {
				property.Nullable = false // empty lists are [] here, never null
			}
		}
	}
	return json.Marshal(document)
}

// flows are those of the grants that OpenAPI has a name for.
func (s *Server) flows() *huma.OAuthFlows {
	scopes := map[string]string{}
	for _, name := range scope.Builtin().Strings() {
		scopes[name] = strings.Replace(name, ":", " ", 1)
	}
	flow := &huma.OAuthFlow{TokenURL: s.config.Issuer + tokenPath, RefreshURL: s.config.Issuer + tokenPath, Scopes: scopes}
	flows := &huma.OAuthFlows{}
	for _, grant := range s.use.Tokens.GrantTypes() {
		switch grant {
		case "password":
			flows.Password = flow
		case "client_credentials":
			flows.ClientCredentials = flow
		}
	}
	return flows
}

func (d describer) operation(e endpoint) *huma.Operation {
	op := &huma.Operation{
		OperationID: e.id, Method: e.method, Path: templated(e.path), Summary: e.summary, Description: e.says(), Tags: []string{e.tag},
		RequestBody: d.request(e), Security: e.security(), Parameters: e.parameters(), Responses: d.failures(e),
	}
	success := &huma.Response{Description: http.StatusText(e.status), Headers: e.headers()}
	if e.answer != nil {
		media := mediaJSON
		if e.media != "" {
			media = e.media
		}
		success.Content = d.content(media, schema(d.registry, e.answer))
	}
	op.Responses[strconv.Itoa(e.status)] = success
	if e.alsoAs != 0 {
		also := &huma.Response{Description: http.StatusText(e.alsoAs)}
		if e.alsoAs != http.StatusNoContent {
			also.Content = success.Content
		}
		op.Responses[strconv.Itoa(e.alsoAs)] = also
	}
	if e.ifNoneMatch {
		op.Responses[strconv.Itoa(http.StatusNotModified)] = &huma.Response{Description: "What the ETag names still stands"}
	}
	return op
}

// says who may ask, in words.
func (e endpoint) says() string {
	says := e.summary + ". "
	switch {
	case e.access == clientOrBearer:
		says += "The client authenticates itself, by Basic or in the form; or a bearer does, a user with the scope `" + string(e.scope) + "`."
	case e.scope != "":
		says += "Needs an access token with the scope `" + string(e.scope) + "`."
	case e.access == bearer:
		says += "Needs an access token."
	case e.access == client:
		says += "The client authenticates itself, by Basic or in the form."
	default:
		says += "Needs no token."
	}
	if e.ifMatch {
		says += " With If-Match, only where that version still stands."
	}
	return says
}

// versioned are the answers that carry an ETag.
var versioned = []reflect.Type{
	reflect.TypeFor[userAnswer](), reflect.TypeFor[roleAnswer](), reflect.TypeFor[scopeAnswer](), reflect.TypeFor[clientAnswer](), reflect.TypeFor[settingsAnswer](),
}

// headers are those that an answer of success has of its own.
func (e endpoint) headers() map[string]*huma.Param {
	headers := map[string]*huma.Param{}
	if slices.Contains(versioned, e.answer) {
		headers["ETag"] = &huma.Param{Description: "The version, for If-Match", Schema: &huma.Schema{Type: huma.TypeString}, Example: `"3"`}
	}
	if e.status == http.StatusCreated {
		headers["Location"] = &huma.Param{Description: "Where it is", Schema: &huma.Schema{Type: huma.TypeString}}
	}
	return headers
}

// pathParameter is a part of a path as the router names it.
var pathParameter = regexp.MustCompile(`:([a-z_]+)`)

// templated writes a path as OpenAPI does.
func templated(path string) string { return pathParameter.ReplaceAllString(path, "{$1}") }

// parameters lists those of path, query and header.
func (e endpoint) parameters() []*huma.Param {
	var all []*huma.Param
	for _, match := range pathParameter.FindAllStringSubmatch(e.path, -1) {
		all = append(all, &huma.Param{Name: match[1], In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}, Example: e.part(match[1])})
	}
	for _, f := range e.query {
		all = append(all, &huma.Param{Name: f.name, In: "query", Description: f.description, Required: f.required, Schema: f.schema()})
	}
	if e.ifMatch {
		all = append(all, &huma.Param{Name: "If-Match", In: "header", Description: "The ETag that must still stand", Schema: &huma.Schema{Type: huma.TypeString}, Example: `"3"`})
	}
	if e.ifNoneMatch {
		all = append(all, &huma.Param{Name: "If-None-Match", In: "header", Description: "The ETag of what is held", Schema: &huma.Schema{Type: huma.TypeString}})
	}
	return all
}

// part is an example of a part of the path.
func (e endpoint) part(name string) any {
	switch {
	case name == "id" && strings.HasPrefix(e.path, clientsPath), strings.HasPrefix(e.path, allClientsPath):
		return samples["client_id"]
	case name == "name" && strings.HasPrefix(e.path, scopesPath):
		return sampleScope
	case name == "name":
		return sampleRole
	}
	return samples[name]
}

func (f field) schema() *huma.Schema {
	schema := &huma.Schema{Type: huma.TypeString, Format: f.format, Description: f.description}
	for _, v := range f.values {
		schema.Enum = append(schema.Enum, v)
	}
	if f.numeric != nil {
		schema.Type, schema.Minimum, schema.Maximum, schema.Default = huma.TypeInteger, &f.numeric.least, &f.numeric.most, f.numeric.preset
	}
	return schema
}

func (d describer) request(e endpoint) *huma.RequestBody {
	switch {
	case e.form != nil:
		form := &huma.Schema{Type: huma.TypeObject, Properties: map[string]*huma.Schema{}}
		for _, f := range e.form {
			form.Properties[f.name] = f.schema()
			if f.required {
				form.Required = append(form.Required, f.name)
			}
		}
		return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaForm: {Schema: form, Examples: e.examples}}}
	case e.body != nil:
		body := &huma.RequestBody{Required: !e.bodyOptional, Content: d.content(mediaJSON, schema(d.registry, e.body))}
		if e.method == http.MethodPatch {
			body.Content[mediaMergePatch] = body.Content[mediaJSON]
		}
		return body
	}
	return nil
}

// security lists the ways to authenticate, any of which will do.
func (e endpoint) security() []map[string][]string {
	scopes := []string{}
	if e.scope != "" {
		scopes = append(scopes, string(e.scope))
	}
	switch e.access {
	case bearer:
		return []map[string][]string{{schemeBearer: scopes}}
	case client:
		return []map[string][]string{{schemeClient: {}}, {}} // public clients have nothing to prove
	case clientOrBearer:
		return []map[string][]string{{schemeClient: {}}, {schemeBearer: scopes}}
	}
	return []map[string][]string{}
}

func schema(registry huma.Registry, t reflect.Type) *huma.Schema {
	return registry.Schema(t, true, t.Name())
}
