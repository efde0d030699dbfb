package handlers

import (
	"net/http"

	"github.com/go-chi/chi/v5"

	"callbackd"
)

// reach says whom a route of the desk is for.
type reach int

const (
	reachOpen     reach = iota // whoever comes: it looks at what is shown itself
	reachAnybody               // whoever has a session
	reachOperator              // operators; not the bearers of moderators' links
	reachOwner                 // operators that own everything
	reachAccount               // whoever has the role on the account that the path names
)

// deskRoute is a row of the table of the desk's routes: who may ask for what.
type deskRoute struct {
	method, pattern string
	reach           reach
	role            callbackd.Role // the least; with reachAccount
	do              deskEndpoint
}

// deskEndpoint is a handler of the desk: it knows who asks.
type deskEndpoint func(w http.ResponseWriter, r *http.Request, c *deskCall) error

const (
	get  = http.MethodGet
	post = http.MethodPost
)

// deskRoutes is the table. Whatever the desk answers stands here, and nothing
// else is reached: deskRouter has no other source.
func (h *Handlers) deskRoutes() []deskRoute {
	return []deskRoute{
		{get, "/login", reachOpen, "", h.showDeskLogin},
		{post, "/login", reachOpen, "", h.doDeskLogin},
		{get, "/login/code", reachOpen, "", h.showDeskCode},
		{post, "/login/code", reachOpen, "", h.doDeskCode},
		{get, "/join/{token}", reachOpen, "", h.showDeskJoin},
		{post, "/join/{token}", reachOpen, "", h.doDeskJoin},
		{get, "/moderate/{token}", reachOpen, "", h.showModeratorLink},
		{post, "/moderate/{token}", reachOpen, "", h.doModeratorLink},

		{get, "/", reachAnybody, "", h.showDeskAccounts},
		{post, "/logout", reachAnybody, "", h.doDeskLogout},

		{get, "/me", reachOperator, "", h.showDeskMe},
		{post, "/me/password", reachOperator, "", h.doDeskPassword},
		{post, "/me/two-factor", reachOperator, "", h.doTwoFactor},
		{post, "/me/wechat", reachOperator, "", h.doChief},
		{get, "/me/alerts", reachOperator, "", h.showAlertKey},
		{post, "/me/alerts", reachOperator, "", h.doAlerts},

		{get, "/operators", reachOwner, "", h.showOperators},
		{post, "/operators", reachOwner, "", h.doInviteOperator},
		{post, "/operators/{operator}/remove", reachOwner, "", h.doRemoveOperator},
		{post, "/operators/{operator}/role", reachOwner, "", h.doOperatorRole},
		{get, "/audit", reachOwner, "", h.showInstallationAudit},

		{get, "/{account}", reachAccount, callbackd.RoleModerator, h.showRoom},
		{get, "/{account}/stream", reachAccount, callbackd.RoleModerator, h.showStream},
		{get, "/{account}/queue", reachAccount, callbackd.RoleModerator, h.showQueue},
		{get, "/{account}/queue/items", reachAccount, callbackd.RoleModerator, h.showQueueItems},
		{post, "/{account}/queue/decide", reachAccount, callbackd.RoleModerator, h.doDecide},
		{post, "/{account}/queue/undo", reachAccount, callbackd.RoleModerator, h.doUndo},
		{post, "/{account}/queue/leave", reachAccount, callbackd.RoleModerator, h.doLeaveQueue},
		{post, "/{account}/queue/caption", reachAccount, callbackd.RoleModerator, h.doCaption},
		{post, "/{account}/queue/stage", reachAccount, callbackd.RoleModerator, h.doStage},
		{get, "/{account}/search", reachAccount, callbackd.RoleModerator, h.showFound},
		{get, "/{account}/sender/{sender}", reachAccount, callbackd.RoleModerator, h.showSender},
		{post, "/{account}/sender/{sender}", reachAccount, callbackd.RoleModerator, h.doSender},
		{get, "/{account}/media/{id}", reachAccount, callbackd.RoleModerator, h.showDeskMedia},
		{get, "/{account}/avatar/{id}", reachAccount, callbackd.RoleModerator, h.showDeskAvatar},
		{post, "/{account}/control", reachAccount, callbackd.RoleModerator, h.doControl},
		{post, "/{account}/say", reachAccount, callbackd.RoleAdmin, h.doAnnounce},
		{get, "/{account}/screens", reachAccount, callbackd.RoleModerator, h.showScreens},
		{get, "/{account}/events", reachAccount, callbackd.RoleAdmin, h.showEvents},
		{post, "/{account}/events", reachAccount, callbackd.RoleAdmin, h.doAddEvent},
		{post, "/{account}/events/{event}", reachAccount, callbackd.RoleAdmin, h.doSetEvent},
		{post, "/{account}/events/{event}/step", reachAccount, callbackd.RoleAdmin, h.doStepEvent},
		{post, pictureUpload, reachAccount, callbackd.RoleAdmin, h.doEventPicture},
		{get, "/{account}/words", reachAccount, callbackd.RoleAdmin, h.showWords},
		{post, wordsUpload, reachAccount, callbackd.RoleAdmin, h.doImportWords},
		{post, "/{account}/words/remove", reachAccount, callbackd.RoleAdmin, h.doRemoveWords},
		{post, "/{account}/words/filters", reachAccount, callbackd.RoleAdmin, h.doFilters},
		{post, "/{account}/words/try", reachAccount, callbackd.RoleAdmin, h.doTryWords},
		{get, "/{account}/links", reachAccount, callbackd.RoleAdmin, h.showModeratorLinks},
		{post, "/{account}/links", reachAccount, callbackd.RoleAdmin, h.doAddModeratorLink},
		{post, "/{account}/links/{link}/revoke", reachAccount, callbackd.RoleAdmin, h.doRevokeModeratorLink},
		{get, "/new", reachOwner, "", h.showNewAccount},
		{post, "/new", reachOwner, "", h.doNewAccount},
		{get, "/{account}/connect", reachAccount, callbackd.RoleAdmin, h.showConnect},
		{post, "/{account}/connect/reveal", reachAccount, callbackd.RoleAdmin, h.doReveal},
		{post, "/{account}/connect/replace", reachAccount, callbackd.RoleOwner, h.doReplaceSecrets},
		{post, "/{account}/doctor", reachAccount, callbackd.RoleAdmin, h.doExamine},
		{get, "/{account}/settings", reachAccount, callbackd.RoleAdmin, h.showSettings},
		{post, "/{account}/settings", reachAccount, callbackd.RoleAdmin, h.doSettings},
		{post, "/{account}/remove", reachAccount, callbackd.RoleOwner, h.doRemoveAccount},
		{get, "/{account}/pages", reachAccount, callbackd.RoleAdmin, h.showPages},
		{post, "/{account}/pages", reachAccount, callbackd.RoleOwner, h.doPages},
		{post, "/{account}/pages/login", reachAccount, callbackd.RoleAdmin, h.doPagesLogin},
		{get, "/{account}/pages/qr", reachAccount, callbackd.RoleAdmin, h.showPagesQR},
		{get, "/{account}/audit", reachAccount, callbackd.RoleModerator, h.showAudit},
		{get, "/{account}/health", reachAccount, callbackd.RoleModerator, h.showAccountHealth},
		{get, "/health", reachOperator, "", h.showAllHealth},
	}
}

// deskStates are what pages of the desk hear live: what → least role and the
// state as JSON, made anew whenever the store rings.
func (h *Handlers) deskStates() map[string]deskState {
	return map[string]deskState{
		"room":    {callbackd.RoleModerator, h.roomState},
		"queue":   {callbackd.RoleModerator, h.queueState},
		"connect": {callbackd.RoleAdmin, h.connectState},
		"screens": {callbackd.RoleModerator, h.screensState},
		"health":  {callbackd.RoleModerator, h.healthState},
	}
}

// routeDesk adds the desk below /desk.
func (h *Handlers) routeDesk(r chi.Router) {
	r.Use(h.withSessions, deskHeaders)
	for _, route := range h.deskRoutes() {
		serve := h.guard(route)
		r.Method(route.method, route.pattern, serve)
		if route.method == http.MethodGet {
			r.Method(http.MethodHead, route.pattern, serve)
		}
	}
}

// deskHeaders keeps what the desk shows out of every cache.
func deskHeaders(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
