package rest

import (
	"net/http"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

type addressBody struct {
	Email string `json:"email" doc:"Any text: that it is no address is not told"`
}

type tokenBody struct {
	Token string `json:"token" doc:"From the mail"`
}

type resetBody struct {
	Token       string `json:"token" doc:"From the mail"`
	NewPassword string `json:"new_password" format:"password"`
}

type phoneBody struct {
	Phone string `json:"phone" doc:"In international form"`
}

type codeBody struct {
	Code string `json:"code" doc:"Six digits"`
}

func required(name, value string) error {
	if value == "" {
		return domain.InvalidFields(domain.Field{Name: name, Code: "required", Message: "must not be empty"})
	}
	return nil
}

func (s *Server) requestVerification(c echo.Context, _ *exchange) error {
	email, err := readAddress(c)
	if err == nil {
		err = s.use.Recovery.RequestVerification(c.Request().Context(), email)
	}
	return accepted(c, err)
}

func (s *Server) requestReset(c echo.Context, _ *exchange) error {
	email, err := readAddress(c)
	if err == nil {
		err = s.use.Recovery.RequestReset(c.Request().Context(), email)
	}
	return accepted(c, err)
}

// readAddress takes any text for an address: whether it is one is not told
// apart from whether it is somebody's.
func readAddress(c echo.Context) (string, error) {
	var body addressBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return "", err
	}
	return body.Email, required("email", body.Email)
}

func accepted(c echo.Context, err error) error {
	if err == nil {
		c.Response().WriteHeader(http.StatusAccepted)
	}
	return err
}

func (s *Server) verifyEmail(c echo.Context, _ *exchange) error {
	var body tokenBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	if err := required("token", body.Token); err != nil {
		return err
	}
	if err := s.use.Recovery.VerifyEmail(c.Request().Context(), domain.NewSecret(body.Token)); err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) resetPassword(c echo.Context, _ *exchange) error {
	var body resetBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	if err := required("token", body.Token); err != nil {
		return err
	}
	if err := s.use.Recovery.ResetPassword(c.Request().Context(), domain.NewSecret(body.Token), domain.NewSecret(body.NewPassword)); err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) requestPhone(c echo.Context, x *exchange) error {
	var body phoneBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	return accepted(c, s.use.Addresses.RequestPhone(c.Request().Context(), x.caller, body.Phone))
}

func (s *Server) verifyPhone(c echo.Context, x *exchange) error {
	var body codeBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	if err := required("code", body.Code); err != nil {
		return err
	}
	if err := s.use.Addresses.VerifyPhone(c.Request().Context(), x.caller, domain.NewSecret(body.Code)); err != nil {
		return err
	}
	c.Response().WriteHeader(http.StatusNoContent)
	return nil
}
