package push

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

type apnsAlert struct {
	Title string `json:"title,omitempty"`
	Body  string `json:"body,omitempty"`
}

// apnsHead is the part of the payload that the system reads.
type apnsHead struct {
	Alert *apnsAlert `json:"alert,omitempty"`
	Sound string     `json:"sound,omitempty"`
	Level string     `json:"interruption-level,omitempty"`
	// Mutable wakes the app's notification extension, which acknowledges.
	Mutable   int    `json:"mutable-content,omitempty"`
	Available int    `json:"content-available,omitempty"`
	Thread    string `json:"thread-id,omitempty"`
}

var errNoFrame = errors.New("the payload is no JSON object")

// apnsPayload puts a frame into Apple's form: title and body become the alert,
// so that they count once against the limit, and the rest goes to the app
// under "notice". A frame that is no notify (a cancel) is a background push.
func apnsPayload(m Message) (payload []byte, background bool, err error) {
	var frame map[string]json.RawMessage
	if err := json.Unmarshal(m.Payload, &frame); err != nil || frame == nil {
		return nil, false, errNoFrame
	}
	text := func(key string) string {
		var s string
		if json.Unmarshal(frame[key], &s) != nil {
			return ""
		}
		return s
	}
	head := apnsHead{Available: 1}
	background = text("type") != "notify"
	if !background {
		head = apnsHead{Alert: &apnsAlert{text("title"), text("body")}, Sound: "default", Mutable: 1, Thread: text("account")}
		if m.Silent {
			head.Sound, head.Level = "", "passive"
		}
		delete(frame, "title")
		delete(frame, "body")
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false) // \u003c for < would cost six bytes of the limit
	err = enc.Encode(struct {
		APS    apnsHead                   `json:"aps"`
		Notice map[string]json.RawMessage `json:"notice"`
	}{head, frame})
	return bytes.TrimRight(out.Bytes(), "\n"), background, err
}

// apnsReasons are Apple's words by what they mean to us. A reason that is not
// here is judged by its status.
var apnsReasons = map[string]Result{
	// Apple says BadDeviceToken, with 400, also to a token of the other
	// environment (sandbox). It stays Gone: such a token never works here.
	"BadDeviceToken":              {Outcome: Gone},
	"Unregistered":                {Outcome: Gone},
	"ExpiredToken":                {Outcome: Gone},
	"PayloadTooLarge":             {Outcome: TooLarge},
	"TooManyRequests":             {Outcome: Retry, Scope: ScopeEndpoint},
	"TooManyProviderTokenUpdates": {Outcome: Retry, Scope: ScopeOrigin},
	"IdleTimeout":                 {Outcome: Retry},
	"Shutdown":                    {Outcome: Retry},
	"ServiceUnavailable":          {Outcome: Retry},
	"InternalServerError":         {Outcome: Retry},
	"ExpiredProviderToken":        {Outcome: OurFault},
	"InvalidProviderToken":        {Outcome: OurFault},
	"MissingProviderToken":        {Outcome: OurFault},
	"BadCertificate":              {Outcome: OurFault},
	"BadCertificateEnvironment":   {Outcome: OurFault},
	"Forbidden":                   {Outcome: OurFault},
	"BadPath":                     {Outcome: OurFault},
	"MethodNotAllowed":            {Outcome: OurFault},
	"BadTopic":                    {Outcome: OurFault},
	"MissingTopic":                {Outcome: OurFault},
	"TopicDisallowed":             {Outcome: OurFault},
	"DeviceTokenNotForTopic":      {Outcome: OurFault},
	"InvalidPushType":             {Outcome: OurFault},
	"BadCollapseId":               {Outcome: Refused},
	"BadExpirationDate":           {Outcome: Refused},
	"BadMessageId":                {Outcome: Refused},
	"BadPriority":                 {Outcome: Refused},
	"DuplicateHeaders":            {Outcome: Refused},
	"MissingDeviceToken":          {Outcome: Refused},
	"PayloadEmpty":                {Outcome: Refused},
}

// goneStatus are the statuses with which Apple says that a token is gone.
var goneStatus = []int{http.StatusBadRequest, http.StatusGone}

// readAPNs reads Apple's answer. A token is gone only where status and reason
// both say so: a 410 in a proxy's words is not Apple's.
func readAPNs(a answer) Result {
	if a.status == http.StatusOK {
		return Result{Outcome: Accepted, VendorID: vendorID(a.header.Get("Apns-Id"))}
	}
	reason, at := apnsReason(a.body)
	r, known := apnsReasons[reason]
	switch {
	case a.status == http.StatusTooManyRequests:
		r.Outcome = Retry
	case a.status == http.StatusUnauthorized, a.status == http.StatusForbidden:
		r = Result{Outcome: OurFault}
	case !known, r.Outcome == Gone && !slices.Contains(goneStatus, a.status):
		r = Result{Outcome: Refused}
		if reason == "" {
			reason = ReasonUnreadable
		}
	}
	r.Reason = reason
	if r.Outcome == Gone {
		r.GoneAt = at
	}
	return r
}

// apnsReason finds Apple's word, and the time that goes with it. Where the
// body is no JSON it is searched for one of the known words, alone.
func apnsReason(body []byte) (string, time.Time) {
	var said struct {
		Reason    string          `json:"reason"`
		Timestamp json.RawMessage `json:"timestamp"` // Unix milliseconds
	}
	if err := json.Unmarshal(body, &said); err == nil {
		var at time.Time
		if ms, err := strconv.ParseInt(string(said.Timestamp), 10, 64); err == nil && ms > 0 && ms < 1<<53 {
			at = time.UnixMilli(ms)
		}
		return reasonWord(said.Reason), at
	}
	if word := strings.TrimSpace(string(body)); apnsReasons[word].Outcome != "" {
		return word, time.Time{}
	}
	return "", time.Time{}
}

// reasonWord returns s where it is a vendor's word, Unregistered or
// QUOTA_EXCEEDED: letters alone, so that no token passes for one.
func reasonWord(s string) string {
	if len(s) <= 40 && isWord(s, "_") && !strings.ContainsAny(s, "0123456789") {
		return s
	}
	return ""
}

// vendorID returns s where it looks like an id that a vendor gave.
func vendorID(s string) string {
	if len(s) <= 128 && isWord(s, "-_/:%.") {
		return s
	}
	return ""
}
