package rest

import (
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"github.com/labstack/echo/v4"

	"github.com/keystone-auth/keystone/domain"
	"github.com/keystone-auth/keystone/domain/role"
	"github.com/keystone-auth/keystone/domain/user"
	"github.com/keystone-auth/keystone/ports/inbound"
)

// userParameters pick accounts.
var userParameters = []field{
	{name: "q", description: "Part of the username, the address or a name, in any case; taken literally"},
	{name: "is_active", description: "Whether they may log in", values: []string{"true", "false"}},
	{name: "is_verified", description: "Whether their address is verified", values: []string{"true", "false"}},
	{name: "role", description: "The name of a role that the user has"},
	{name: "created_after", description: "RFC 3339; exclusive", format: "date-time"},
}

const userList = "list-users"

func (s *Server) listUsers(c echo.Context, x *exchange) error {
	filter, bad := userFilter(c)
	page, err := page(c, userList)
	if err := domain.AllFields(bad, err); err != nil {
		return err
	}
	found, err := s.use.Users.List(c.Request().Context(), x.caller, filter, page)
	if err != nil {
		return err
	}
	return writeList(c, userList, found, answerUser)
}

func userFilter(c echo.Context) (filter inbound.UserFilter, err error) {
	err = readFilters(c,
		filterOf{"q", func(v string) *domain.Field { filter.Text = v; return nil }},
		filterOf{"is_active", func(v string) *domain.Field { return parseFlag("is_active", v, &filter.IsActive) }},
		filterOf{"is_verified", func(v string) *domain.Field { return parseFlag("is_verified", v, &filter.IsVerified) }},
		filterOf{"role", func(v string) *domain.Field { filter.Role = role.Name(v); return nil }},
		filterOf{"created_after", func(v string) *domain.Field { return parseMoment("created_after", v, &filter.CreatedAfter) }},
	)
	return filter, err
}

func parseFlag(name, value string, into **bool) *domain.Field {
	flag, err := strconv.ParseBool(value)
	if err != nil || value != strconv.FormatBool(flag) {
		return &domain.Field{Name: name, Code: "format", Message: "must be true or false"}
	}
	*into = &flag
	return nil
}

// userBody is an account as an administrator makes it.
type userBody struct {
	Username    string `json:"username"`
	Email       string `json:"email" format:"idn-email"`
	Password    string `json:"password" format:"password"`
	FirstName   string `json:"first_name,omitempty"`
	LastName    string `json:"last_name,omitempty"`
	DisplayName string `json:"display_name,omitempty"`
	Bio         string `json:"bio,omitempty"`
	IsSuperuser bool   `json:"is_superuser,omitempty" doc:"Only a superuser may"`
}

func (s *Server) createUser(c echo.Context, x *exchange) error {
	var body userBody
	if err := readJSON(c, &body, mediaJSON); err != nil {
		return err
	}
	made, err := s.use.Users.Create(c.Request().Context(), x.caller, inbound.NewUser{
		Registration: inbound.Registration{
			Registration: user.Registration{
				Username: body.Username, Email: body.Email,
				Profile: user.Profile{FirstName: body.FirstName, LastName: body.LastName, DisplayName: body.DisplayName, Bio: body.Bio},
			},
			Password: domain.NewSecret(body.Password),
		},
		IsSuperuser: body.IsSuperuser,
	})
	if err != nil {
		return err
	}
	c.Response().Header().Set("Location", adminUsersPath+"/"+made.User.ID.String())
	return writeAccount(c, http.StatusCreated, made)
}

func (s *Server) getUser(c echo.Context, x *exchange) error {
	account, err := s.use.Users.Get(c.Request().Context(), x.caller, pathID(c))
	if err != nil {
		return err
	}
	return writeAccount(c, http.StatusOK, account)
}

// userPatch is a merge patch (RFC 7396): absent leaves, null clears what may be
// empty.
type userPatch struct {
	Username    patchText `json:"username,omitzero"`
	Email       patchText `json:"email,omitzero"`
	Password    patchText `json:"password,omitzero"`
	FirstName   patchText `json:"first_name,omitzero"`
	LastName    patchText `json:"last_name,omitzero"`
	DisplayName patchText `json:"display_name,omitzero"`
	Bio         patchText `json:"bio,omitzero"`
	IsActive    patchFlag `json:"is_active,omitzero"`
	IsVerified  patchFlag `json:"is_verified,omitzero"`
	IsSuperuser patchFlag `json:"is_superuser,omitzero" doc:"Only a superuser may"`
}

func (p userPatch) change() inbound.UserChange {
	change := inbound.UserChange{Change: user.Change{
		Username: p.Username.value, Email: p.Email.value,
		Profile: user.ProfileChange{
			FirstName: p.FirstName.value, LastName: p.LastName.value, DisplayName: p.DisplayName.value, Bio: p.Bio.value,
		},
		IsActive: p.IsActive.value, IsVerified: p.IsVerified.value, IsSuperuser: p.IsSuperuser.value,
	}}
	if p.Password.value != nil {
		password := domain.NewSecret(*p.Password.value)
		change.Password = &password
	}
	return change
}

func (s *Server) changeUser(c echo.Context, x *exchange) error {
	id := pathID(c)
	var body userPatch
	if err := readJSON(c, &body, mediaJSON, mediaMergePatch); err != nil {
		return err
	}
	version, err := s.userVersion(c, x, id)
	if err != nil {
		return err
	}
	account, err := s.use.Users.Change(c.Request().Context(), x.caller, id, body.change(), version)
	if err != nil {
		return err
	}
	return writeAccount(c, http.StatusOK, account)
}

func (s *Server) deleteUser(c echo.Context, x *exchange) error {
	id, version, err := s.pathUser(c, x)
	if err == nil {
		err = s.use.Users.Delete(c.Request().Context(), x.caller, id, version)
	}
	return done(c, err)
}

// pathUser reads the id of a path, and If-Match.
func (s *Server) pathUser(c echo.Context, x *exchange) (domain.ID, int64, error) {
	id := pathID(c)
	version, err := s.userVersion(c, x, id)
	return id, version, err
}

// userVersion reads If-Match.
func (s *Server) userVersion(c echo.Context, x *exchange, id domain.ID) (int64, error) {
	return expectedVersion(c.Request().Header["If-Match"], func() (int64, error) {
		account, err := s.use.Users.Get(c.Request().Context(), x.caller, id)
		return account.User.Version, err
	})
}

func (s *Server) assignRole(c echo.Context, x *exchange) error {
	id, version, err := s.pathUser(c, x)
	if err == nil {
		err = s.use.Users.Assign(c.Request().Context(), x.caller, id, role.Name(pathValue(c, "role")), version)
	}
	return done(c, err)
}

func (s *Server) withdrawRole(c echo.Context, x *exchange) error {
	id, version, err := s.pathUser(c, x)
	if err == nil {
		err = s.use.Users.Withdraw(c.Request().Context(), x.caller, id, role.Name(pathValue(c, "role")), version)
	}
	return done(c, err)
}

// done answers 204 where nothing went wrong.
func done(c echo.Context, err error) error {
	if err != nil {
		return err
	}
	return c.NoContent(http.StatusNoContent)
}

// pathID reads the id of a path. What is no id is one that nothing has: so it is
// 404 where any unknown one is, after what is wrong with the request itself.
func pathID(c echo.Context) domain.ID {
	id, err := domain.ParseID(pathValue(c, "id"))
	if err != nil {
		return domain.NoID
	}
	return id
}

// patchFlag is a boolean in a merge patch: nil where absent. It can't be null,
// which a pointer alone would take for absent.
type patchFlag struct{ value *bool }

// UnmarshalJSONFrom is called for what is there.
func (p *patchFlag) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	if d.PeekKind() == 'n' {
		return &json.SemanticError{JSONKind: 'n', JSONPointer: d.StackPointer(), GoType: reflect.TypeFor[bool]()}
	}
	return json.UnmarshalDecode(d, &p.value)
}

// Schema documents it.
func (patchFlag) Schema(huma.Registry) *huma.Schema { return &huma.Schema{Type: huma.TypeBoolean} }
