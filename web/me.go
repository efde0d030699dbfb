package web

// MePage is "my notices" of a wall: the choices of whoever is bound in this browser,
// their devices and what they were told. All of that is read by its scripts; the
// page itself is the same for everybody.
type MePage struct {
	Lang Lang
	Slug string
	Name string // the account's
}

func (MePage) template() string { return "me.html" }

// Title is what the browser's tab says.
func (p MePage) Title() (string, error) {
	t, err := p.Lang.T("notice.title")
	return t + " · " + p.Name, err
}

// WallPath is the wall, in the page's language.
func (p MePage) WallPath() string { return p.path() + "?lang=" + string(p.Lang) }

// OtherPath is the page in the other language.
func (p MePage) OtherPath() string { return p.path() + "/me?lang=" + string(p.Lang.Other()) }

// ManifestPath is what makes the wall an app that can be installed.
func (p MePage) ManifestPath() string { return manifestPath(p.Slug) }

// TextsPath is the file with the texts for scripts.
func (p MePage) TextsPath() (string, error) { return StaticPath(textsName(p.Lang, false)) }

func (p MePage) path() string { return "/wall/" + p.Slug }
