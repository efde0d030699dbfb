package rehearsal

import (
	"time"

	"github.com/go-chi/chi/v5"
)

// mediaRef is a temporary media id of an account.
type mediaRef struct {
	asset *Asset
	part  mediaPart
	made  time.Time
}

type mediaPart int

// tokenState is the account's access tokens.
type tokenState struct{}

func (t *tokenState) spoil(bool) {}

type (
	qrTicket   struct{}
	oauthState struct{}
	sendWindow struct{}
	// SentMessage is a customer-service message that the account sent.
	SentMessage struct{}
	// Verdict is how the platform took the answer to a push.
	Verdict struct{}
)

// routeAPI adds the official API.
func (p *Platform) routeAPI(chi.Router) {}
