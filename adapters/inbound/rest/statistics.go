package rest

import (
	"net/http"
	"time"

	"github.com/labstack/echo/v4"
)

type statisticsAnswer struct {
	Users    userCounts    `json:"users"`
	Sessions sessionCounts `json:"sessions"`
	Hours    []hourCounts  `json:"hours" doc:"Oldest first, without gaps; the last one is not over yet"`
}

type userCounts struct {
	Total  int64 `json:"total"`
	Active int64 `json:"active" example:"1180"`
}

type sessionCounts struct {
	Active int64 `json:"active" example:"310"`
}

type hourCounts struct {
	Hour     time.Time `json:"hour" doc:"Its beginning"`
	Logins   int64     `json:"logins"`
	Failures int64     `json:"failures"`
}

func (s *Server) statistics(c echo.Context, x *exchange) error {
	found, err := s.use.Statistics.Statistics(c.Request().Context(), x.caller)
	if err != nil {
		return err
	}
	answer := statisticsAnswer{
		Users: userCounts{Total: found.Users, Active: found.ActiveUsers}, Sessions: sessionCounts{Active: found.Sessions},
		Hours: make([]hourCounts, len(found.Hours)),
	}
	for i, h := range found.Hours {
		answer.Hours[i] = hourCounts{Hour: h.Start.UTC(), Logins: h.Logins, Failures: h.Failures}
	}
	return write(c.Response(), http.StatusOK, mediaJSON, answer)
}
