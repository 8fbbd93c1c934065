package rest

import (
	"errors"
	"html"
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
)

// The pages are plain: a form, no script, nothing from elsewhere. Opening one
// changes nothing, since mail scanners open links too; only its button does.

// pagePolicy lets a page send its form to this server, and no more.
const pagePolicy = "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// maxShownToken bounds what of a link's query a page repeats, in bytes.
const maxShownToken = 256

// form is what a page asks for. The token is hidden where the link brought it.
type form struct {
	action, title, intro, button string
	password                     bool
}

// The actions are relative: the server may stand below a path of its issuer.
var (
	verifyForm = form{action: "verify-email", title: "Confirm your e-mail address", intro: "Press the button to confirm that this address is yours.", button: "Confirm"}
	resetForm  = form{action: "reset-password", title: "Set a new password", intro: "Choose a new password. It ends every session of your account.", button: "Set password", password: true}
)

func (f form) page(token, complaint string) []byte {
	var b strings.Builder
	b.WriteString("<form method=\"post\" action=\"" + f.action + "\">\n<p>" + f.intro + "</p>\n")
	if complaint != "" {
		b.WriteString("<p role=\"alert\"><strong>" + html.EscapeString(complaint) + "</strong></p>\n")
	}
	if token == "" {
		b.WriteString("<p><label>Code from the mail <input name=\"token\" required autocomplete=\"off\" maxlength=\"256\"></label></p>\n")
	} else {
		b.WriteString("<input type=\"hidden\" name=\"token\" value=\"" + html.EscapeString(token) + "\">\n")
	}
	if f.password {
		b.WriteString("<p><label>New password <input name=\"new_password\" type=\"password\" required autocomplete=\"new-password\"></label></p>\n")
	}
	b.WriteString("<p><button>" + f.button + "</button></p>\n</form>")
	return document(f.title, b.String())
}

func document(title, body string) []byte {
	return []byte("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n" +
		"<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n" +
		"<title>" + title + "</title>\n</head>\n<body>\n<h1>" + title + "</h1>\n" + body + "\n</body>\n</html>\n")
}

func pageHeaders(c echo.Context) {
	h := c.Response().Header()
	h.Set("Content-Security-Policy", pagePolicy)
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
}

func (s *Server) verifyPage(c echo.Context, _ *exchange) error { return showForm(c, verifyForm) }

func (s *Server) resetPage(c echo.Context, _ *exchange) error { return showForm(c, resetForm) }

func showForm(c echo.Context, f form) error {
	pageHeaders(c)
	token, _, err := queryValue(c, "token")
	if err != nil || len(token) > maxShownToken {
		token = "" // asks for it instead
	}
	return writeBytes(c.Response(), http.StatusOK, mediaHTML, f.page(token, ""))
}

func (s *Server) verifyFromPage(c echo.Context, _ *exchange) error {
	fields, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.use.Recovery.VerifyEmail(c.Request().Context(), domain.NewSecret(fields["token"]))
	return finishForm(c, verifyForm, fields["token"], err, "Your e-mail address is confirmed. You can close this page.")
}

func (s *Server) resetFromPage(c echo.Context, _ *exchange) error {
	fields, err := readForm(c)
	if err != nil {
		return err
	}
	err = s.use.Recovery.ResetPassword(c.Request().Context(), domain.NewSecret(fields["token"]), domain.NewSecret(fields["new_password"]))
	return finishForm(c, resetForm, fields["token"], err, "Your password is set. You can close this page and log in.")
}

// finishForm says how it went. Bad input shows the form again, with the token,
// which was not spent; the password is typed anew. What is no fault of the
// person's is answered as elsewhere.
func finishForm(c echo.Context, f form, token string, err error, done string) error {
	var refused *domain.Error
	switch {
	case err == nil:
		pageHeaders(c)
		return writeBytes(c.Response(), http.StatusOK, mediaHTML, document(f.title, "<p>"+done+"</p>"))
	case !errors.As(err, &refused) || refused.Kind != domain.KindInvalid:
		return err
	}
	pageHeaders(c)
	complaint := "This link is not valid any more. Ask for a new one."
	if len(refused.Fields) > 0 {
		complaint = "The password " + refused.Fields[0].Message + "."
		return problemPage(c.Response(), refused, f.page(token, complaint))
	}
	return problemPage(c.Response(), refused, document(f.title, "<p role=\"alert\">"+complaint+"</p>"))
}
