package rehearsal

import (
	_ "embed"
	"net/http"
)

// loginPage is the page that a browser opens at /: it begins a login by
// picture, follows it each second and goes to the home page at its end.
//
//go:embed mp_login.html
var loginPage string

func (p *Platform) showLogin(w http.ResponseWriter, _ *http.Request) {
	p.count(nil, "mp/loginpage")
	writeHTML(w, loginPage)
}
