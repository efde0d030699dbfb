package web

import (
	"testing"

	"github.com/jba/templatecheck"
)

// TestTemplates checks each page's template against its struct: names, types
// and functions, on every path through it.
func TestTemplates(t *testing.T) {
	for _, page := range []Page{WallPage{}, MePage{}, IndexPage{}, ErrorPage{}, DeskErrorPage{}, LoginPage{}, CodePage{}, DeskJoinPage{},
		ModeratePage{}, DeskAccountsPage{}, RoomPage{}, ScreensPage{}, EventsPage{}, DeskMePage{}, OperatorsPage{}, LinksPage{}, AuditPage{},
		NewAccountPage{}, ConnectPage{}, PagesPage{}, SettingsPage{}, QueuePage{}, QueueItemsPage{}, FoundPage{}, SenderPage{}, WordsPage{}, HealthPage{}, HealthAllPage{}} {
		tmpl := templates().Lookup(page.template())
		if tmpl == nil {
			t.Errorf("%s: no such template", page.template())
			continue
		}
		if err := templatecheck.CheckHTML(tmpl, page); err != nil {
			t.Errorf("%s: %v", page.template(), err)
		}
	}
	if err := templatecheck.CheckHTML(templates().Lookup("row"), Row{}); err != nil {
		t.Errorf("row: %v", err)
	}
}
