package push

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"callbackd"
)

const (
	fcmScope      = "https://www.googleapis.com/auth/firebase.messaging"
	jwtGrant      = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	assertionLife = time.Hour
	// accessMargin is how long before its end an access token is renewed.
	accessMargin = 5 * time.Minute
	// refusedPause keeps from asking again where the credentials were refused.
	refusedPause = time.Minute
)

// grant trades the service account's key for access tokens (RFC 7523), one at
// a time for all who wait.
type grant struct {
	key      *rsa.PrivateKey
	keyID    string
	email    string
	tokenURI string
	origin   origin

	mu      sync.Mutex // guards all below
	access  string
	renew   time.Time // when the next one is asked for; wall clock alone
	refused time.Time // until when the credentials are not shown again
	dropped time.Time // when a token was last dropped before its end
	flight  *flight   // the request that is out; nil: none
}

// flight is one request for a token. Its result may be read after done.
type flight struct {
	cancel  context.CancelFunc
	done    chan struct{}
	access  string
	problem *Result
}

// newGrant reads a service account's file and returns the project too.
func newGrant(file []byte, client *http.Client, now func() time.Time) (*grant, string, error) {
	var in struct {
		Type     string `json:"type"`
		Project  string `json:"project_id"`
		KeyID    string `json:"private_key_id"`
		Key      string `json:"private_key"`
		Email    string `json:"client_email"`
		TokenURI string `json:"token_uri"`
	}
	invalid := func(why string) (*grant, string, error) {
		return nil, "", fmt.Errorf("the FCM credentials %s: %w", why, callbackd.ErrInvalid)
	}
	if json.Unmarshal(file, &in) != nil {
		return invalid("are no JSON")
	}
	switch {
	case in.Type != "service_account":
		return invalid("are not those of a service account")
	case !isWord(in.Project, "-.:"):
		return invalid("name no project")
	case in.Email == "":
		return invalid("name no client_email")
	}
	tokenURI, err := parseBase("FCM token", in.TokenURI)
	if err != nil {
		return nil, "", err
	}
	block, _ := pem.Decode([]byte(in.Key))
	if block == nil {
		return invalid("hold no private key in PEM")
	}
	key, ok := parseRSA(block.Bytes)
	if !ok {
		return invalid("hold no RSA key")
	}
	g := &grant{
		key: key, keyID: in.KeyID, email: in.Email, tokenURI: tokenURI,
		origin: origin{client: client, now: now},
	}
	return g, in.Project, nil
}

func parseRSA(der []byte) (*rsa.PrivateKey, bool) {
	if key, err := x509.ParsePKCS1PrivateKey(der); err == nil {
		return key, true
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	if err != nil {
		return nil, false
	}
	key, ok := parsed.(*rsa.PrivateKey)
	return key, ok
}

// get returns an access token, or the result that stands for a send without
// one. A caller who gives up does not end the request for the others.
func (g *grant) get(ctx context.Context) (string, *Result) {
	g.mu.Lock()
	now := g.origin.now().Round(0)
	if g.access != "" && now.Before(g.renew) {
		defer g.mu.Unlock()
		return g.access, nil
	}
	if now.Before(g.refused) {
		defer g.mu.Unlock()
		return "", &Result{Outcome: OurFault, Reason: ReasonAuthorize}
	}
	f := g.flight
	if f == nil {
		own, cancel := context.WithCancel(context.WithoutCancel(ctx))
		f = &flight{cancel: cancel, done: make(chan struct{})}
		g.flight = f
		go g.run(own, f) // ends with the client's timeout at the latest; end waits for it
	}
	g.mu.Unlock()
	select {
	case <-f.done:
		return f.access, f.problem
	case <-ctx.Done():
		return "", &Result{Outcome: Retry, Reason: reasonOf(ctx, ctx.Err())}
	}
}

// drop forgets an access token that was refused before its time, if it is
// still the one, and not more often than once in refusedPause. It reports
// whether another one may be tried.
func (g *grant) drop(used string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.access != used {
		return true // somebody renewed it meanwhile
	}
	now := g.origin.now().Round(0)
	if since := now.Sub(g.dropped); !g.dropped.IsZero() && since >= 0 && since < refusedPause {
		return false
	}
	g.access, g.dropped = "", now
	return true
}

// end gives up the request that is out, if one is, and waits for its end.
func (g *grant) end() {
	g.mu.Lock()
	f := g.flight
	g.mu.Unlock()
	if f != nil {
		f.cancel()
		<-f.done
	}
}

func (g *grant) run(ctx context.Context, f *flight) {
	defer f.cancel()
	access, life, problem := g.ask(ctx)
	g.mu.Lock()
	defer g.mu.Unlock()
	now := g.origin.now().Round(0)
	f.access, f.problem = access, problem
	switch {
	case problem == nil:
		g.access, g.renew = access, now.Add(life-min(accessMargin, life/2))
	case problem.Outcome == OurFault:
		g.refused = now.Add(refusedPause)
	}
	g.flight = nil
	close(f.done)
}

// ask makes one request for a token.
func (g *grant) ask(ctx context.Context) (access string, life time.Duration, problem *Result) {
	assertion, err := g.assertion(g.origin.now())
	if err != nil {
		return "", 0, &Result{Outcome: OurFault, Reason: ReasonSigning}
	}
	form := url.Values{"grant_type": {jwtGrant}, "assertion": {assertion}}
	r := g.origin.deliver(ctx, call{
		key: keyOf(g.tokenURI), url: g.tokenURI, body: []byte(form.Encode()),
		header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		read: func(a answer) Result {
			var r Result
			access, life, r = readGrant(a)
			return r
		},
	})
	if r.Outcome == Accepted {
		return access, life, nil
	}
	if r.Outcome != Retry { // whatever it is, it is not the device's doing
		r = Result{Outcome: OurFault, Reason: ReasonAuthorize}
	}
	// the status is the token endpoint's: kept out, as it is not FCM's word on the message
	r.Status = 0
	return "", 0, &r
}

func readGrant(a answer) (string, time.Duration, Result) {
	if a.status == http.StatusTooManyRequests {
		return "", 0, Result{Outcome: Retry, Scope: ScopeOrigin}
	}
	if a.status != http.StatusOK {
		return "", 0, Result{Outcome: OurFault}
	}
	var said struct {
		Access string  `json:"access_token"`
		Life   float64 `json:"expires_in"`
		Type   string  `json:"token_type"`
	}
	if json.Unmarshal(a.body, &said) != nil || !isWord(said.Access, "-_.~+/=") || !strings.EqualFold(said.Type, "Bearer") {
		return "", 0, Result{Outcome: Retry, Reason: ReasonUnreadable}
	}
	life := time.Duration(min(max(said.Life, 0), 86400)) * time.Second
	return said.Access, life, Result{Outcome: Accepted}
}

// assertion is RFC 7523's JWT as Google's token endpoint wants it.
func (g *grant) assertion(now time.Time) (string, error) {
	return signRS256(g.key, struct {
		Alg string `json:"alg"`
		Typ string `json:"typ"`
		Kid string `json:"kid,omitempty"`
	}{"RS256", "JWT", g.keyID}, struct {
		Iss   string `json:"iss"`
		Scope string `json:"scope"`
		Aud   string `json:"aud"`
		Iat   int64  `json:"iat"`
		Exp   int64  `json:"exp"`
	}{g.email, fcmScope, g.tokenURI, now.Unix(), now.Add(assertionLife).Unix()})
}
