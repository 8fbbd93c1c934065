package rest

import (
	"net/http"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// mediaLines is one JSON object a line.
const mediaLines = "application/x-ndjson"

// exportPatience is how long a reader of an export may take for one part of it.
const exportPatience = 30 * time.Second

// auditParameters pick records of the audit trail.
var auditParameters = []field{
	{name: "type", description: "Such as user.login_failed"},
	{name: "actor", description: "The id of who did it"},
	{name: "subject", description: "The id of what it was done to"},
	{name: "outcome", description: "How it ended", values: []string{string(domain.Succeeded), string(domain.Failed)}},
	{name: "from", description: "RFC 3339; inclusive", format: "date-time"},
	{name: "to", description: "RFC 3339; exclusive", format: "date-time"},
}

type partyAnswer struct {
	Type string  `json:"type"`
	ID   string  `json:"id"`
	Name *string `json:"name"`
}

type auditAnswer struct {
	ID         string      `json:"id" format:"uuid"`
	Type       string      `json:"type"`
	Outcome    string      `json:"outcome" enum:"success,failure"`
	Reason     *string     `json:"reason"`
	Actor      partyAnswer `json:"actor"`
	Subject    partyAnswer `json:"subject"`
	Address    *string     `json:"address"`
	UserAgent  *string     `json:"user_agent"`
	RequestID  *string     `json:"request_id"`
	OccurredAt time.Time   `json:"occurred_at"`
}

func answerAudit(r domain.AuditRecord) auditAnswer {
	return auditAnswer{
		ID: r.ID.String(), Type: string(r.Type), Outcome: string(r.Outcome), Reason: text(&r.Reason),
		Actor: answerParty(r.Actor), Subject: answerParty(r.Subject),
		Address: text(&r.Origin.Address), UserAgent: text(&r.Origin.UserAgent), RequestID: text(&r.Origin.RequestID),
		OccurredAt: r.OccurredAt.UTC(),
	}
}

func answerParty(p domain.Party) partyAnswer {
	return partyAnswer{Type: string(p.Kind), ID: p.ID, Name: text(&p.Name)}
}

const auditList = "list-audit"

func (s *Server) listAudit(c echo.Context, x *exchange) error {
	filter, bad := auditFilter(c)
	page, err := page(c, auditList)
	if err := domain.AllFields(bad, err); err != nil {
		return err
	}
	found, err := s.use.Audit.List(c.Request().Context(), x.caller, filter, page)
	if err != nil {
		return err
	}
	return writeList(c, auditList, found, answerAudit)
}

// exportAudit streams the trail. Each part has its own time limit, so that a
// long trail may take long and a reader who stopped reading may not.
func (s *Server) exportAudit(c echo.Context, x *exchange) error {
	filter, err := auditFilter(c)
	if err != nil {
		return err
	}
	response := c.Response()
	response.Header().Set("Content-Type", mediaLines)
	if c.Request().Method == http.MethodHead {
		response.WriteHeader(http.StatusOK)
		return nil
	}
	control := http.NewResponseController(response)
	return s.use.Audit.Export(c.Request().Context(), x.caller, filter, func(part []domain.AuditRecord) error {
		// A writer that knows no deadlines is a test's.
		_ = control.SetWriteDeadline(s.config.Clock.Now().Add(exportPatience))
		if !response.Committed {
			response.Header().Set("Content-Disposition", `attachment; filename="audit.ndjson"`)
			response.WriteHeader(http.StatusOK)
		}
		for _, record := range part {
			line, err := json.Marshal(answerAudit(record))
			if err != nil {
				return domain.Internal(err)
			}
			if _, err := response.Write(append(line, '\n')); err != nil {
				return domain.Unavailable(err, time.Second) // the reader left
			}
		}
		return nil
	})
}

// auditFilter reads the filters from the query.
func auditFilter(c echo.Context) (filter domain.AuditFilter, err error) {
	err = readFilters(c,
		filterOf{"type", func(v string) *domain.Field { filter.Type = domain.EventType(v); return nil }},
		filterOf{"actor", func(v string) *domain.Field { filter.Actor = v; return nil }},
		filterOf{"subject", func(v string) *domain.Field { filter.Subject = v; return nil }},
		filterOf{"outcome", func(v string) *domain.Field {
			filter.Outcome = domain.Outcome(v)
			if filter.Outcome != domain.Succeeded && filter.Outcome != domain.Failed {
				return &domain.Field{Name: "outcome", Code: "unknown", Message: "must be success or failure"}
			}
			return nil
		}},
		filterOf{"from", func(v string) *domain.Field { return parseMoment("from", v, &filter.From) }},
		filterOf{"to", func(v string) *domain.Field { return parseMoment("to", v, &filter.To) }},
	)
	return filter, err
}

// parseMoment reads a time; before 1970 and after 9999 nothing happened.
func parseMoment(name, value string, into *time.Time) *domain.Field {
	at, err := time.Parse(time.RFC3339, value)
	switch {
	case err != nil:
		return &domain.Field{Name: name, Code: "format", Message: "must be a time as RFC 3339 has it, such as 2026-01-31T12:00:00Z"}
	case at.Unix() < 0 || at.UTC().Year() > 9999:
		return &domain.Field{Name: name, Code: "range", Message: "must be a time from 1970 to 9999"}
	}
	*into = at.UTC()
	return nil
}
