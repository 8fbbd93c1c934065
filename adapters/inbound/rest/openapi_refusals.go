package rest

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/keystone-auth/keystone/domain"
)

const mediaProblem = "application/problem+json"

// meanings says of every code what it tells a client. A code of which nothing
// is said here is never answered.
var meanings = map[domain.Code]string{
	domain.CodeInternal:      "a fault of the server's",
	domain.CodeUnavailable:   "a dependency is away; come back after Retry-After",
	domain.CodeBusy:          "too many passwords wait to be hashed; come back after Retry-After",
	domain.CodeRateLimited:   "a limit is reached; come back after Retry-After",
	domain.CodeInvalidInput:  "errors names each field that is wrong",
	domain.CodeInvalidID:     "an id that is none",
	domain.CodeNotFound:      "not there, or not for the caller to know",
	domain.CodeConflict:      "it exists already, or somebody changed it at the same moment",
	domain.CodeVersion:       "If-Match names another version",
	domain.CodeForbidden:     "not allowed in spite of the scope: a principal that holds more than the caller, something that the caller does not hold, a service where a user is needed, or a token derived from another where that itself is",
	domain.CodeUsernameTaken: "the username is taken",
	domain.CodeEmailTaken:    "the address is taken",
	domain.CodeUnknownScope:  "a scope that does not exist",
	domain.CodeUnknownRole:   "a role that does not exist",
	domain.CodeClosed:        "accounts are made by administrators",
	domain.CodeBuiltin:       "part of every installation",
	domain.CodeInUse:         "a role or client still holds it",
	domain.CodeLastSuperuser: "one superuser must remain",
	domain.CodeWrongPassword: "current_password is wrong",
	domain.CodeAccountLocked: "too many wrong passwords; come back after Retry-After",

	domain.CodeInvalidVerification: "the token is not valid, or not any more",
	domain.CodeInvalidReset:        "the token is not valid, or not any more",
	domain.CodeInvalidCode:         "the code is not valid, or not any more",

	domain.CodeInvalidRequest:       "the request is malformed",
	domain.CodeInvalidClient:        "the client failed to authenticate, or is missing",
	domain.CodeInvalidGrant:         "wrong credentials, or a token that is not valid any more; reason may tell more",
	domain.CodeUnauthorizedClient:   "the client may not use this grant",
	domain.CodeUnsupportedGrantType: "no such grant",
	domain.CodeInvalidScope:         "more scope than is held",
	domain.CodeInvalidTarget:        "an audience or a resource that the token exchanged is not for",
	domain.CodeAuthorizationPending: "the user has not decided about the device yet",
	domain.CodeSlowDown:             "the device asks too often: 5 seconds more between requests",
	domain.CodeExpiredToken:         "the device code has expired",
	domain.CodeAccessDenied:         "the user keeps the device out",
	domain.CodeInvalidToken:         "the access token is not valid any more",
	domain.CodeMissingToken:         "no access token came",
	domain.CodeInsufficientScope:    "the access token lacks the scope that WWW-Authenticate names",

	codeTooLarge:  "the body is over 1 MiB",
	codeMediaType: "another Content-Type than this takes",
}

// codes lists how an endpoint may refuse: what follows from its row, and what
// the row adds.
func (e endpoint) codes() []domain.Code {
	codes := append([]domain.Code{domain.CodeInternal, domain.CodeUnavailable}, e.refuses...)
	if e.access == bearer || e.access == clientOrBearer {
		codes = append(codes, domain.CodeMissingToken, domain.CodeInvalidToken, domain.CodeRateLimited)
	}
	if e.access == client || e.access == clientOrBearer {
		codes = append(codes, domain.CodeInvalidClient, domain.CodeInvalidRequest, domain.CodeRateLimited)
	}
	if e.scope != "" {
		codes = append(codes, domain.CodeInsufficientScope)
	}
	if e.access == bearer && e.method != http.MethodGet {
		codes = append(codes, domain.CodeForbidden, domain.CodeConflict)
	}
	if e.body != nil || e.form != nil || e.bodiless() {
		codes = append(codes, domain.CodeInvalidRequest, codeTooLarge, codeMediaType)
	}
	if e.body != nil || e.bodiless() {
		codes = append(codes, domain.CodeInvalidInput)
	}
	if e.query != nil {
		codes = append(codes, domain.CodeInvalidRequest, domain.CodeInvalidInput)
	}
	if strings.Contains(e.path, ":") {
		codes = append(codes, domain.CodeNotFound)
	}
	if e.ifMatch {
		codes = append(codes, domain.CodeVersion)
	}
	slices.Sort(codes)
	return slices.Compact(codes)
}

// failures are the responses to what an endpoint refuses, by status.
func (d describer) failures(e endpoint) map[string]*huma.Response {
	byStatus := map[int][]domain.Code{}
	for _, code := range e.codes() {
		status := problemStatus[code]
		if e.protocol == oauthProtocol {
			status = oauthFailures[code].status
		}
		byStatus[status] = append(byStatus[status], code)
	}
	responses := map[string]*huma.Response{}
	for status, codes := range byStatus {
		if status != e.alsoAs {
			responses[strconv.Itoa(status)] = d.refusal(e.protocol, status, codes)
		}
	}
	return responses
}

// refusal refers to the response that holds these codes, and no others, to the
// form of the protocol.
func (d describer) refusal(p protocol, status int, codes []domain.Code) *huma.Response {
	shape, media, member := reflect.TypeFor[problem](), mediaProblem, "code"
	if p == oauthProtocol {
		shape, media, member = reflect.TypeFor[oauthError](), mediaJSON, "error"
	}
	var names, says []string
	allowed := &huma.Schema{Type: huma.TypeString}
	examples := map[string]*huma.Example{}
	for _, code := range codes {
		name, value := string(code), problemExample(status, code)
		if p == oauthProtocol {
			name = oauthFailures[code].name
			value = map[string]any{"error": name, "error_description": meanings[code]}
		}
		says = append(says, "`"+name+"`: "+meanings[code])
		if !slices.Contains(names, name) {
			names = append(names, name)
			allowed.Enum = append(allowed.Enum, name)
			examples[name] = &huma.Example{Summary: meanings[code], Value: value}
		}
	}
	name := strconv.Itoa(status) + "-" + strings.Join(names, ".")
	if p == oauthProtocol {
		name = "oauth-" + name
	}
	d.refusals[name] = &huma.Response{
		Description: strings.Join(says, "; "), Headers: refusalHeaders(codes),
		Content: map[string]*huma.MediaType{media: {Examples: examples, Schema: &huma.Schema{AllOf: []*huma.Schema{
			schema(d.registry, shape), {Type: huma.TypeObject, Properties: map[string]*huma.Schema{member: allowed}},
		}}}},
	}
	return &huma.Response{Ref: "#/components/responses/" + name}
}

// refusalHeaders are those that go with the codes.
func refusalHeaders(codes []domain.Code) map[string]*huma.Param {
	headers := map[string]*huma.Param{}
	add := func(name, description string, example any) {
		headers[name] = &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
	}
	for _, code := range codes {
		switch code {
		case domain.CodeMissingToken, domain.CodeInvalidToken, domain.CodeInsufficientScope:
			add("WWW-Authenticate", "RFC 6750, section 3", `Bearer realm="keystone"`)
		case domain.CodeInvalidClient:
			add("WWW-Authenticate", "RFC 7617, section 2", basicChallenge)
		case domain.CodeRateLimited:
			add("RateLimit-Policy", "The limit: its quota and its window in seconds", `"login_user";q=10;w=60`)
			add("RateLimit", "What is left of it, and in how many seconds there is more", `"login_user";r=0;t=56`)
			add("Retry-After", "Seconds", "56")
		case domain.CodeUnavailable, domain.CodeBusy, domain.CodeAccountLocked:
			add("Retry-After", "Seconds", "1")
		}
	}
	return headers
}

func problemExample(status int, code domain.Code) any {
	example := map[string]any{
		"type": problemType + string(code), "title": http.StatusText(status), "status": status, "detail": meanings[code],
		"code": string(code), "request_id": sampleID,
	}
	if code == domain.CodeInvalidInput {
		example["errors"] = []any{map[string]any{"field": "email", "code": "format", "message": "must be an e-mail address"}}
	}
	return example
}
