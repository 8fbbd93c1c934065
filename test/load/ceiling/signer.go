package ceiling

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/golang-jwt/jwt/v5"
	"github.com/labstack/echo/v4"
)

// Algorithms are those of access tokens.
var Algorithms = []string{"ES256", "EdDSA", "HS256", "RS256"}

// claimsSize is about that of an access token's claims, in bytes.
const claimsSize = 260

// Signer signs something else each time, as long as a token of a client.
type Signer struct {
	method jwt.SigningMethod
	key    any
	input  string
	serial atomic.Uint64
}

// NewSigner makes a signer with a fresh key; of RSA with 2048 bits.
func NewSigner(algorithm string) (*Signer, error) {
	s := &Signer{method: jwt.GetSigningMethod(algorithm)}
	var err error
	switch algorithm {
	case "ES256":
		s.key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "EdDSA":
		_, s.key, err = ed25519.GenerateKey(rand.Reader)
	case "RS256":
		s.key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		secret := make([]byte, 32)
		_, err = rand.Read(secret)
		s.key = secret
	}
	header := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"` + algorithm + `","kid":"` + strings.Repeat("k", 43) + `","typ":"at+jwt"}`))
	s.input = header + "." + base64.RawURLEncoding.EncodeToString(make([]byte, claimsSize))
	return s, err
}

// Sign gives a token in compact form.
func (s *Signer) Sign() ([]byte, error) {
	token := make([]byte, 0, len(s.input)+512)
	token = append(token, s.input...)
	serial := s.serial.Add(1)
	for i := range 8 {
		token[len(token)-1-i] = 'A' + byte(serial>>(4*i)&15)
	}
	signature, err := s.method.Sign(string(token), s.key)
	if err != nil {
		return nil, err
	}
	return base64.RawURLEncoding.AppendEncode(append(token, '.'), signature), nil
}

func signer(_ context.Context, e *echo.Echo, _ Orders) error {
	for _, algorithm := range Algorithms {
		s, err := NewSigner(algorithm)
		if err != nil {
			return err
		}
		e.POST("/signer/"+algorithm, func(c echo.Context) error {
			token, err := s.Sign()
			if err != nil {
				return err
			}
			answer := make([]byte, 0, len(token)+128)
			answer = append(answer, `{"access_token":"`...)
			answer = append(answer, token...)
			answer = append(answer, `","token_type":"Bearer","expires_in":900,"scope":"read:users"}`...)
			return c.Blob(http.StatusOK, echo.MIMEApplicationJSON, answer)
		})
	}
	return nil
}
