package handlers

import (
	"context"
	"net/http"
	"time"

	"callbackd"
	"callbackd/doctor"
	"callbackd/web"
)

// keyReveal is the account, by its slug, whose token and key this session may see
// until the platform's check has arrived.
const keyReveal = "reveal"

// reveal lets this session see an account's token and key on its connect page.
func (h *Handlers) reveal(r *http.Request, a *callbackd.Account) {
	h.sessions.Put(r.Context(), keyReveal, string(a.Slug))
}

// showConnect is where an account is connected to the platform: what to paste
// where, and what has arrived. Token and key are shown while they have to be
// pasted, and never again (docs/adr/0007-secrets-are-shown-while-they-are-pasted.md).
func (h *Handlers) showConnect(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	link, err := h.DB.GetConnection(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	page := web.ConnectPage{URL: h.PublicURL.JoinPath("callback", string(c.account.Slug)).String(), Mode: c.account.Mode, HasKey: c.account.AESKey != "",
		HasAppID: c.account.AppID != "", HasDoctor: h.Doctor != nil, State: h.connectOf(c, link)}
	page.Waiting = link.CheckAt.IsZero()
	if page.Waiting && h.sessions.GetString(r.Context(), keyReveal) == string(c.account.Slug) {
		page.Token, page.Key = c.account.Token.Reveal(), c.account.AESKey.Reveal()
	}
	return h.renderDesk(w, r, c, http.StatusOK, func(s web.DeskShell) web.Page { page.DeskShell = s; return page })
}

// doReveal shows token and key once more, while the platform has not shown that
// it has them; the step is written down.
func (h *Handlers) doReveal(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	link, err := h.DB.GetConnection(r.Context(), c.account.ID)
	if err != nil {
		return err
	}
	if !link.CheckAt.IsZero() {
		return callbackd.Public(callbackd.ErrConflict, "connect.reveal.late", nil)
	}
	if err := h.DB.Audit(r.Context(), c.account.ID, c.actor(), "secrets-reveal", ""); err != nil {
		return err
	}
	h.reveal(r, c.account)
	return h.goOn(w, r, deskPath(c.account, "connect"))
}

// doReplaceSecrets draws a new token and key. What the platform signs with the old
// token is refused from now on; what it encrypted with the old key opens for a week.
func (h *Handlers) doReplaceSecrets(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	a := *c.account
	a.ReplaceAESKey(newSecret(aesKeyLetters), h.Now())
	a.Token = newSecret(tokenLetters)
	if err := h.DB.SetAccountBy(r.Context(), &a, c.actor(), "secrets-replace", ""); err != nil {
		return err
	}
	h.reveal(r, &a)
	return h.goOn(w, r, deskPath(&a, "connect"))
}

// doExamine sets the doctor going; its findings come by the page's stream.
func (h *Handlers) doExamine(w http.ResponseWriter, r *http.Request, c *deskCall) error {
	if h.Doctor == nil {
		return errNoSuchPage
	}
	h.errands.examine(h.closing, h.Doctor, c.account, h.Now())
	return h.goOn(w, r, deskPath(c.account, "connect")+"#doctor")
}

// connectState is what the pages of the connection hear live.
func (h *Handlers) connectState(ctx context.Context, c *deskCall) (any, error) {
	link, err := h.DB.GetConnection(ctx, c.account.ID)
	if err != nil {
		return nil, err
	}
	return h.connectOf(c, link), nil
}

func (h *Handlers) connectOf(c *deskCall, link callbackd.Connection) web.Connect {
	s := web.Connect{Check: stamp(link.CheckAt), Message: stamp(link.MessageAt), Safe: stamp(link.SafeAt), Own: stamp(link.OwnAt)}
	// texts: connect.refused.token connect.refused.key connect.refused.app_id connect.refused.mode connect.refused.clock
	if v := link.Refused; v != nil && (link.Platform == nil || v.At.After(link.Platform.At)) {
		s.Refused, s.RefusedWhy = stamp(v.At), c.lang.TextOr("connect.refused."+flawKey(v.Flaw))
	}
	if run := h.errands.doctorOf(c.account.ID); run != nil {
		s.Doctor = &web.Examination{Running: run.running, At: stamp(run.at)}
		for _, f := range run.findings {
			s.Doctor.Findings = append(s.Doctor.Findings, finding(f, c.lang))
		}
	}
	if run := h.errands.loginOf(c.account.ID); run != nil {
		s.Login = &web.LoginState{Running: run.running, Step: run.step, Picture: run.number}
	}
	return s
}

func flawKey(f callbackd.Flaw) string {
	if f == callbackd.FlawAppID {
		return "app_id"
	}
	return string(f)
}

// stamp is a time for pages; empty: never.
func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// finding is the doctor's word in one language.
func finding(f doctor.Finding, lang web.Lang) web.Finding {
	out := web.Finding{ID: f.ID, Level: string(f.Level), Says: f.Says.EN, Fix: f.Fix.EN, TookMS: f.TookMS}
	if lang == web.Chinese {
		out.Says, out.Fix = f.Says.ZH, f.Fix.ZH
	}
	return out
}
